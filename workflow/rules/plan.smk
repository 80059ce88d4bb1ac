# The study as planned: by a command that anybody may call, plan_study.py, which says in one line what is wrong.
import json
import subprocess
from collections import OrderedDict

import yaml

# Of a configuration in JSON Snakemake makes one of these.
yaml.SafeDumper.add_representer(OrderedDict, yaml.SafeDumper.represent_dict)


# In a folder that is not the project's own (--directory), the project's configuration.
configfile: "config/config.yaml" if os.path.exists("config/config.yaml") else str(STUDY)


# What was run here last, by which a partial report knows whose records lie here.
RUN_LAST = ".snakemake/bakeoff_study.json"


def planned():
    """Return the plan of the configuration, or end with its one line."""
    own = json.dumps({} if MODULE else dict(workflow.config_settings.config), default=str)
    line = [sys.executable, str(SCRIPTS / "plan_study.py"), "--merged", "--config", own]
    files = [] if MODULE else [str(file) for file in workflow.overwrite_configfiles]
    line += ["--configfile", *files] if files else []
    line += ["--module", placed("results").removesuffix("results")] if MODULE else []
    # In containers and conda's environments, the torch beside Snakemake is not the one that trains.
    line += ["--brings-torch"] if workflow.deployment_settings.deployment_method else []
    line += ["--count-gpus"] if counts_gpus() else []
    line += ["--look"] if workflow.is_main_process else []
    # YAML writes what an anchor stands for once.
    text = yaml.safe_dump(config, allow_unicode=True, sort_keys=False)
    done = subprocess.run(line, input=text, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise SystemExit(done.stderr.strip().removeprefix("plan_study.py: "))
    plan = json.loads(done.stdout)
    if plan["note"] and workflow.is_main_process:
        print(plan["note"], file=sys.stderr)
    return plan


def counts_gpus():
    """Tell whether GPU cells run here, and nobody said how many at a time; --jobs is a cluster's."""
    named = "gpu" in workflow.global_resources
    return workflow.is_main_process and workflow.nodes is None and not named


PLAN = planned()
if PLAN["gpus"]:
    # One cell a GPU; which one, a command finds itself.
    workflow.register_resource("gpu", PLAN["gpus"])
if PLAN["config"]["gpu"] == "auto" and not MODULE:
    # A job that reads these rules on another machine must come to the same plan.
    answer = "absent" if PLAN["gpu_missing"] else "present"
    settings = workflow.config_settings
    settings.config_args = [*(settings.config_args or []), f"gpu={answer}"]
config.clear()
config.update(PLAN["config"])


def remember_study():
    """Keep the configuration as run."""
    if not (config["partial"] or MODULE):
        with contextlib.suppress(OSError), open(RUN_LAST, "w", encoding="utf-8") as file:
            json.dump(config, file)


def row(kind, name):
    """Return a row of the catalog as JSON, as commands take it."""
    return PLAN["rows"][kind][name]


def argument(section, name, *of):
    """Return what the plan hands on to a command for a section of the configuration, by what it depends on."""
    found = PLAN["arguments"][section][name]
    return found[of[0]] if of else found


def without_gpu():
    """Return why no GPU takes part in the study, or nothing where one does."""
    if any(record.endswith("_gpu.json") for record in study()):
        return ""
    return PLAN["gpu_missing"] or "the configuration asks for none"
