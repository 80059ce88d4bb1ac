# What the rules share: folders, the code that each stage depends on, options of commands.
import re
import shlex
import sys

SCRIPTS = Path(os.path.relpath(ROOT / "workflow" / "scripts"))
REFERENCE = local(os.path.relpath(ROOT / "config/reference/published_results.csv"))
TABLES = ("best", "speedup", "tests", "classes", "published")

# What a stage's results depend on; a touched plot retrains nothing.
CALLED = (
    "surroundings values faults command files archive processes progress fields typed plugins rows"
)
TOLD = f"{CALLED} records"
WRITTEN = f"{TOLD} formulas data"
BASE = f"{TOLD} machine data search networks cells"
CODE = {
    "data": WRITTEN,
    "features": f"{BASE} formulas features",
    "audit": f"{WRITTEN} audit analysis/audited analysis/wording analysis/settings analysis/intervals",
    "networks": f"{BASE} families/network",
    "svm": f"{BASE} families/svm",
    "classifiers": f"{BASE} families/estimator",
    "alone": f"{BASE} features families saved latency",
    "analysis": f"{WRITTEN} search analysis",
    "figures": f"{WRITTEN} analysis plots",
    "report": f"{WRITTEN} analysis plots report",
}


def own_files(folder, pattern):
    """Return the project's files in a folder: none that an editor or a system left there (.#x.py, ._x.py, x.py~)."""
    found = (path for path in sorted(folder.rglob(pattern)) if path.is_file())
    foreign = re.compile(r"(^|/)[.#]|~$")
    return [str(path) for path in found if not foreign.search(path.relative_to(folder).as_posix())]


def script(name):
    """Return a command of workflow/scripts; as an input, its change reruns what it makes."""
    return local(str(SCRIPTS / f"{name}.py"))


def report_sources():
    """Return the templates and styles of the report."""
    return [local(file) for file in own_files(SCRIPTS / "bakeoff" / "report" / "pages", "*")]


def present(files):
    """Return the files that a report can count on: all of them, or those that are there for a partial one."""
    return [file for file in files if not config["partial"] or os.path.exists(placed(file))]


def given(*names):
    """Return those of the named configuration keys that are set, as a command's options."""
    pairs = {name.replace("_", "-"): config[name] for name in names if config[name] is not None}
    return " ".join(f"--{name} {shlex.quote(str(value))}" for name, value in pairs.items())


def audits(kind):
    """Return what the audits found, or their pictures of copies, of every data set of the study."""
    return present(collect(f"resources/{{dataset}}/{kind}", dataset=config["datasets"]))


def reported(name):
    """Return where a file of the study as a whole lies: its report, or what that is made from."""
    return f"{config['report_folder']}/{name}"


def table(name):
    """Return a derived table, shown in Snakemake's own report."""
    caption = f"../../report/captions/{name}.rst"
    return report(reported(f"{name}.csv"), caption=caption, category="Tables")
