# What a call finds around it: other calls, the caller's environment, a terminal that may close, a path with spaces.
import signal
import site
import threading

import snakemake

if workflow.is_main_process:
    date_back()

# Rules call `python`: the one that runs Snakemake, unless a container or conda brings its own.
os.environ.update(PATH=os.pathsep.join([str(Path(sys.executable).parent), os.getenv("PATH", "")]))

# Python's own variables say what it imports (PYTHONPATH, PYTHONSAFEPATH) and how it runs (PYTHONOPTIMIZE,
# PYTHONINSPECT, PYTHONWARNINGS): a caller's belong to other work. These change nothing that is computed.
HARMLESS = (
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONFAULTHANDLER",
    "PYTHONPYCACHEPREFIX",
    "PYTHONUNBUFFERED",
)
for name in [name for name in os.environ if name.startswith("PYTHON") and name not in HARMLESS]:
    del os.environ[name]

# Packages in ~/.local come before an environment's own, and a container sees them too.
if not Path(snakemake.__file__).is_relative_to(site.getusersitepackages()):
    os.environ.update(PYTHONNOUSERSITE="1")


def end_call(number, frame):
    """End as Snakemake does on SIGTERM: no job is started any more, and the lock goes with the last one at work."""
    if workflow.scheduler is None:
        raise SystemExit(128 + number)
    # Not here: the handler interrupts the main thread, which may hold what is waited for.
    threading.Thread(target=workflow.scheduler.exit_gracefully).start()


# A closed terminal sends SIGHUP, whose default would leave Snakemake's lock; `nohup` has it ignored. SIGTERM is
# Snakemake's as soon as jobs are scheduled.
if workflow.is_main_process and threading.current_thread() is threading.main_thread():
    for number in (signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, end_call)


def check_path(executor):
    """End with one line where Slurm's jobs would each fail without a word."""
    for place in dict.fromkeys([os.getcwd(), str(ROOT), sys.executable]):
        if executor == "slurm" and re.search(r"\s", place):
            raise SystemExit(
                f"{place}: Snakemake's plugin for Slurm does not quote the white space in this path; "
                "move or clone the project to a path without any"
            )


def check_jobs():
    """End with one line where --jobs is meant for this machine: Snakemake then starts jobs whatever their threads."""
    if workflow.local_exec and workflow.nodes is not None:
        count = "all" if workflow.nodes == sys.maxsize else workflow.nodes
        raise SystemExit(
            f"--jobs {count} is for clusters: here timed jobs would run beside others; say --cores {count}"
        )


include: "failures.smk"


# Both are for calls that run something, and the jobs of a cluster skip them.
onstart:
    check_path(workflow.executor_plugin.name)
    check_jobs()
    remember_study()
    watch_failures()


onerror:
    say_failures()
