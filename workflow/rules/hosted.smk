# Where the project's own files lie: in its checkout or, where the Snakefile comes from a hosted source, in a copy.
import contextlib
import json
import os
import secrets
from pathlib import Path

import yaml
from snakemake.utils import update_config


include: "folders.smk"


# Of each module a folder of its own: two may be of two versions.
NOTES = Path(".snakemake/bakeoff", *([workflow.modifier.namespace] if MODULE else []))


def note(path, text, written=None):
    """Write a text where the file does not hold it, whole at any time; a new file is as old as said.

    One that changes is of now: whatever rests on it is held against it again.
    """
    content = text.encode()
    with contextlib.suppress(OSError):
        if path.read_bytes() == content:
            return
        written = None
    path.parent.mkdir(parents=True, exist_ok=True)
    place = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    place.write_bytes(content)
    if written is not None:
        os.utime(place, (written, written))
    os.replace(place, path)


def source_of(here):
    """Return what records say of a hosted source: its address with the version asked for, and the commit of that."""
    address, commit = "".join(str(here).split(f"{os.sep}workflow{os.sep}rules")), None
    # Whatever of it cannot be read is only provenance.
    with contextlib.suppress(Exception):
        import git

        local = getattr(here, "repo_path", None)
        commit = (git.Repo(local) if local else here.hosted_repo.repo).commit(here.ref).hexsha
    return {"source": address, "git_commit": commit}


def copied(here):
    """Return a copy of a hosted source's files, those of workflow/manifest.txt, renewed where these have changed."""
    folder = NOTES / "source"
    names = Path(workflow.source_path("../manifest.txt")).read_text(encoding="utf-8").split()
    noted, said = folder / "source.json", source_of(here)
    with contextlib.suppress(OSError, ValueError):
        # A commit's files never change; to read each from a repository takes seconds.
        if said["git_commit"] and json.loads(noted.read_text(encoding="utf-8")) == said:
            if all((folder / name).is_file() for name in names):
                return folder
    noted.unlink(missing_ok=True)
    for name in names:
        file = Path(workflow.source_path(f"../../{name}"))
        note(folder / name, file.read_text(encoding="utf-8"), file.stat().st_mtime)
    for path in [each for each in folder.rglob("*.*") if each.is_file()]:
        if path.suffix != ".pyc" and path.relative_to(folder).as_posix() not in names:
            path.unlink(missing_ok=True)
    note(noted, json.dumps(said))
    return folder


def own_folder():
    """Return the folder of the project's own files."""
    here = workflow.current_basedir
    return Path(here).parents[1] if isinstance(here, os.PathLike) else copied(here).absolute()


ROOT = own_folder()
STUDY = ROOT / "config" / "config.yaml"

# What a module is given is laid over the project's configuration, as a file of the command line would be.
if workflow.modifier.skip_configfile:
    asked = config
    config = yaml.safe_load(STUDY.read_text(encoding="utf-8"))
    update_config(config, asked)
