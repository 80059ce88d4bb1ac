"""What a hosted source is copied by: workflow/manifest.txt names every file that rules and commands read."""

from modules import ROOT

from checkout import files

MANIFEST = ROOT / "workflow" / "manifest.txt"
# Snakemake itself fetches its Snakefiles, conda environments and captions.
FETCHED = ("workflow/Snakefile", "workflow/rules/", "workflow/profiles/")
OWN = ("workflow/", "config/")
# For a checkout alone.
UNUSED = {"config/README.md", "workflow/drop_stale_lock.py", "workflow/manifest.txt"}


def test_the_manifest_names_all_that_a_hosted_workflow_needs():
    found = {file.as_posix() for file in files()}
    needed = {name for name in found - UNUSED if name.startswith(OWN) and not name.startswith(FETCHED)}
    assert MANIFEST.read_text(encoding="utf-8").split() == sorted(needed)
