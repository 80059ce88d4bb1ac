"""What an image must be able to do: import everything that the rules need, and take one training step.

With --versions: the image's labels instead.
"""

import importlib
import sys
from importlib.metadata import version

PACKAGES = (
    "fvcore.nn",
    "jinja2",
    "matplotlib",
    "numba",
    "pandas",
    "pynvml",
    "safetensors",
    "seaborn",
    "skimage.feature",
    "sklearn.svm",
    "skops.io",
    "torch",
    "torchvision",
    "tqdm",
    "weasyprint",
)
LABELLED = ("torch", "torchvision", "scikit-learn", "numba", "numpy", "pandas", "matplotlib", "weasyprint")

if "--versions" in sys.argv:
    print("python", sys.version.split()[0])
    for package in LABELLED:
        print(package, version(package))
    raise SystemExit

for package in PACKAGES:
    importlib.import_module(package)

import torch  # noqa: E402
from torchvision.models import resnet18  # noqa: E402

model = resnet18(num_classes=10)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
before = model.fc.weight.detach().clone()
torch.nn.functional.cross_entropy(model(torch.rand(4, 3, 32, 32)), torch.arange(4)).backward()
optimizer.step()
if torch.equal(before, model.fc.weight):
    raise SystemExit("a training step changed nothing")
print(f"torch {torch.__version__}, CUDA build {torch.version.cuda or 'none'}: one training step taken")
