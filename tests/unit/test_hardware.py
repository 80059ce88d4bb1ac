import hashlib
import os
import subprocess
import sys
from functools import partial

import pytest

from bakeoff.command import UserError
from bakeoff.machine import hardware
from bakeoff.surroundings import known
from optional import needs

CORES = os.cpu_count()
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def no_gpu(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_a_gpu_cell_without_a_gpu_is_refused_with_the_cure(no_gpu):
    with pytest.raises(
        UserError, match=r"no CUDA device is visible here; .*_cpu twin, .*--config gpu=absent"
    ):
        hardware.require_device("gpu")
    hardware.require_device("cpu")


def test_the_environment_of_a_cpu_cell():
    found = hardware.describe(threads=3, device="cpu")
    assert found["threads"] == 3
    assert 1 <= found["cores"] <= os.cpu_count()
    assert found["memory_bytes"] > 1 << 28
    assert (found["gpu"], found["driver"]) == (None, None)
    assert found["cpu"]
    assert found["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"torch", "torchvision", "scikit-learn", "numpy"} <= set(found["versions"])


def test_the_cores_are_those_that_the_process_may_use():
    probe = "import os; from bakeoff.machine import hardware; "
    probe += "os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); print(hardware.usable_cores())"
    assert subprocess.check_output([sys.executable, "-c", probe], text=True) == "1\n"


@pytest.mark.parametrize("quota", [1, 3])
def test_a_container_s_quota_is_a_number_of_cores(monkeypatch, quota):
    from joblib.externals.loky.backend import context

    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(64))
    monkeypatch.setattr(context, "_cpu_count_cgroup", lambda count: quota)
    assert hardware.usable_cores() == quota


def test_where_nothing_counts_the_usable_cores_they_are_the_machine_s(monkeypatch):
    monkeypatch.setitem(sys.modules, "joblib", None)
    assert hardware.usable_cores() == CORES


class Driver:
    """Stands in for pynvml."""

    def __init__(self, found) -> None:
        self.found = found

    def nvmlInit(self) -> None:
        """Find a driver or none."""
        if self.found is None:
            raise RuntimeError("NVML Shared Library Not Found")

    def nvmlSystemGetDriverVersion(self):
        """Return the version in one of two forms."""
        return self.found


@pytest.mark.parametrize(("found", "said"), [("570.86.15", "570.86.15"), (b"470.57", "470.57"), (None, None)])
def test_the_driver_says_its_version_or_nothing(monkeypatch, found, said):
    monkeypatch.setitem(sys.modules, "pynvml", Driver(found))
    assert hardware.describe(1, "gpu")["driver"] == said


def test_a_package_that_is_not_installed_has_no_version(monkeypatch):
    installed = hardware.importlib.metadata.version

    def version(package):
        if package == "fvcore":
            raise hardware.importlib.metadata.PackageNotFoundError(package)
        return installed(package)

    monkeypatch.setattr(hardware.importlib.metadata, "version", version)
    found = hardware.describe(1, "cpu")["versions"]
    assert set(hardware.PACKAGES) - set(found) == {"fvcore"}


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, None),
        ({"SLURM_JOB_ID": "7", "SLURM_CPUS_ON_NODE": str(CORES)}, "the whole node"),
        ({"SLURM_JOB_ID": "7", "SLURM_CPUS_ON_NODE": "0"}, f"0 of the node's {CORES} cores"),
        # The step of a job that has the node to itself and uses little of it.
        (
            {
                "SLURM_JOB_ID": "7",
                "SLURM_CPUS_ON_NODE": "0",
                "SLURM_JOB_CPUS_PER_NODE_PACK_GROUP_0": f"{CORES}(x1)",
            },
            "the whole node",
        ),
    ],
)
def test_a_job_knows_how_much_of_its_node_it_has(variables, said, monkeypatch):
    for name in [name for name in os.environ if name.startswith("SLURM_")]:
        monkeypatch.delenv(name)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert hardware.allocation() == said


@needs("git")
def test_the_commit_is_the_one_that_git_names(tmp_path):
    def git(*words: str) -> str:
        author = ["-c", "user.name=a", "-c", "user.email=a@example.invalid"]
        return subprocess.check_output(["git", "-C", str(tmp_path), *author, *words], text=True).strip()

    git("init", "--quiet")
    git("commit", "--quiet", "--allow-empty", "--message", "first")
    assert hardware._git_commit(tmp_path) == git("rev-parse", "HEAD")


def git_folder(root, head):
    (root / ".git").mkdir(parents=True)
    (root / ".git" / "HEAD").write_text(head)
    return root / ".git"


def test_a_detached_head_is_the_commit(tmp_path):
    git_folder(tmp_path, f"{COMMIT}\n")
    assert hardware._git_commit(tmp_path) == COMMIT


def test_a_packed_branch_is_looked_up(tmp_path):
    git = git_folder(tmp_path, "ref: refs/heads/main\n")
    (git / "packed-refs").write_text(
        f"# pack-refs\n{'f' * 40} refs/heads/old-main\n{COMMIT} refs/heads/main\n"
    )
    assert hardware._git_commit(tmp_path) == COMMIT


def test_a_worktree_is_followed_to_its_repository(tmp_path):
    git = git_folder(tmp_path / "main", "ref: refs/heads/main\n")
    own = git / "worktrees" / "side"
    own.mkdir(parents=True)
    (own / "HEAD").write_text("ref: refs/heads/side\n")
    (own / "commondir").write_text("../..\n")
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "refs" / "heads" / "side").write_text(f"{COMMIT}\n")
    (tmp_path / "side").mkdir()
    (tmp_path / "side" / ".git").write_text(f"gitdir: {own}\n")
    assert hardware._git_commit(tmp_path / "side") == COMMIT


def test_without_git_or_before_the_first_commit_there_is_no_commit(tmp_path):
    git_folder(tmp_path / "new", "ref: refs/heads/main\n")
    for folder in (tmp_path, tmp_path / "new"):
        assert known(partial(hardware._git_commit, folder)) is None


def test_inside_a_container_the_digest_is_that_of_the_image(tmp_path, monkeypatch):
    image = tmp_path / "cpu.sif"
    image.write_bytes(b"an image" * 300_000)
    monkeypatch.setenv("APPTAINER_CONTAINER", str(image))
    hardware._image_digest.cache_clear()
    try:
        expected = hashlib.sha256(image.read_bytes()).hexdigest()
        assert hardware.describe(1, "cpu")["image_digest"] == f"sha256:{expected}"
    finally:
        hardware._image_digest.cache_clear()


def test_outside_a_container_there_is_no_digest(monkeypatch):
    monkeypatch.delenv("APPTAINER_CONTAINER", raising=False)
    monkeypatch.delenv("SINGULARITY_CONTAINER", raising=False)
    hardware._image_digest.cache_clear()
    assert hardware.describe(1, "cpu")["image_digest"] is None


@pytest.mark.parametrize(
    ("noted", "said"),
    [
        (
            f'{{"source": "github.com/a/b@v1", "git_commit": "{COMMIT}"}}',
            {"source": "github.com/a/b@v1", "git_commit": COMMIT},
        ),
        ('{"source": "https://a/b", "git_commit": null}', {"source": "https://a/b"}),
        ("[]", None),
        ("{", None),
        (None, None),
    ],
)
def test_a_hosted_source_is_known_by_what_the_rules_noted(tmp_path, noted, said):
    if noted is not None:
        (tmp_path / "source.json").write_text(noted)
    assert known(partial(hardware._hosted, tmp_path)) == said


def test_times_of_another_version_are_of_the_same_machine():
    here = hardware.describe(1, "cpu")
    assert hardware.fingerprint(here | {"git_commit": "b", "source": "a@v1"}) == hardware.fingerprint(here)
