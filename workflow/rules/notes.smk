# What the rules write down under .snakemake/bakeoff: the code of each stage as one digest, lists too long for a command.
import hashlib
from functools import cache


@cache
def line_of(file):
    """Return a file's line of a digest, as sha256sum prints it."""
    with open(file, "rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return f"{digest}  {os.path.relpath(file, SCRIPTS)}\n"


@cache
def code_of(stage):
    """Return the digest of the package files that a stage's results depend on: one input, where they are fifty.

    As old as the newest of them: with Snakemake's own notes lost, their times say what is to be made again.
    """
    found = [SCRIPTS / "bakeoff" / name for name in CODE[stage].split()]
    groups = [own_files(p, "*.py") if p.is_dir() else [str(p.with_suffix(".py"))] for p in found]
    # What a family says of its section of the configuration changes no result.
    files = [file for group in groups for file in group if os.path.basename(file) != "section.py"]
    path = NOTES / "code" / f"{stage}.sha256"
    note(path, "".join(sorted(map(line_of, files))), max(map(os.path.getmtime, files)))
    return local(str(path))


@cache
def seen(dataset):
    """Return what was last seen of the files of images of one's own, as a digest: names, sizes and times.

    Only the main process looks. What is there no more has been prepared, or its job says what is missing.
    """
    path, look = NOTES / "images" / f"{dataset}.sha256", PLAN["seen"].get(dataset)
    if look:
        note(path, f"{look[0]}\n", min(look[1], time.time()))
    elif not path.is_file():
        note(path, "nothing\n")
    return local(str(path))


def many(option, values):
    """Return an option that takes its values from a file, nothing where there are none.

    Named by its content: what another call lists meanwhile is another file.
    """
    text = "".join(f"{value}\n" for value in values)
    path = NOTES / "lists" / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.txt"
    if not values:
        return ""
    note(path, text)
    return shlex.join([f"--{option}", f"@{path}"])
