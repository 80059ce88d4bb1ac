# A report over half a study: which study it is whose records lie here.
import copy
import glob

from snakemake.exceptions import WorkflowError

RUN_LAST = ".snakemake/bakeoff_study.json"


def remember_study():
    """Keep the configuration as run, by which a later call knows whose records lie here."""
    if not config["partial"]:
        with contextlib.suppress(OSError), open(RUN_LAST, "w", encoding="utf-8") as file:
            json.dump(config, file)


def known_studies():
    """Yield the name and the configuration of every study that may have been run here: the last one, the shipped."""
    # A module has the study that it is given.
    if MODULE:
        return
    with contextlib.suppress(OSError, ValueError, RecursionError):
        last = json.loads(Path(RUN_LAST).read_text(encoding="utf-8"))
        if isinstance(last, dict):
            yield "the study that was run here last", last
    default = yaml.safe_load(STUDY.read_text(encoding="utf-8"))
    for file in sorted(STUDY.parent.glob("*.yaml")):
        with contextlib.suppress(OSError, ValueError, yaml.YAMLError):
            study = copy.deepcopy(default)
            update_config(study, yaml.safe_load(file.read_text(encoding="utf-8")))
            yield os.path.relpath(file), study


def records_of(found):
    """Return how many records of a study lie here, none where its configuration is no valid one; leaves it in force."""
    config.clear()
    # What the command line says counts in whichever study.
    config.update(copy.deepcopy(found))
    update_config(config, {**workflow.config_settings.config, "partial": True})
    try:
        validate(config, SCHEMA)
    except WorkflowError:
        return 0
    return len(present(study()))


def take_another_study():
    """Take the study whose records lie here in place of the one asked for, which has none; or end with one line."""
    studies = [(records_of(found), name, found) for name, found in known_studies()]
    count, name, found = max(studies, key=lambda each: each[0], default=(0, "", {}))
    if count:
        records_of(found)
        if workflow.is_main_process:
            asked = os.path.relpath([STUDY, *workflow.overwrite_configfiles][-1])
            print(
                f"{asked}: no cell of it has a record; this report is of {name}.", file=sys.stderr
            )
        return
    there = sorted(
        file for depth in ("", "*/") for file in glob.glob(placed(f"results/*/{depth}*.json"))
    )
    if not there:
        raise SystemExit("config, partial: no cell has a record yet; run the study first")
    others = f" and {len(there) - 1} more lie" if len(there) > 1 else " lies"
    raise SystemExit(
        f"config, partial: no cell of this study has a record, but {there[0]}{others} here; name the file of "
        "their study: make report-partial CONFIG=..., or snakemake --configfile ..."
    )
