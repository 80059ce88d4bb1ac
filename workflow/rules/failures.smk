# What failed is said last and in few lines: what the command wrote, and where its log lies.
import atexit
import logging
import time

from snakemake.logging import LogEvent, logger

STARTED = time.time()


def told(record):
    """Return the first line of what a cluster's plugin says of a failed job, nothing where it says nothing."""
    return str(record.rule_msg).strip().split("\n")[0] if record and record.rule_msg else ""


class Brief(logging.Formatter):
    """Of a failed job two lines on the terminal, not its inputs and its command: Snakemake's own log has them."""

    def __init__(self, whole):
        super().__init__()
        self.whole = whole

    def format(self, record):
        event = getattr(record, "event", None)
        if event == LogEvent.JOB_ERROR:
            why = f": {told(record)}" if told(record) else ""
            logs = ", ".join(record.log)
            return f"{record.rule_name} (job {record.jobid}) failed{why}\n    log: {logs}"
        if event == LogEvent.GROUP_ERROR:
            return f"A job of group {record.groupid} failed"
        if str(record.msg).startswith("RuleException:\nCalledProcessError"):
            return ""
        return self.whole.format(record)


class Failures(logging.Handler):
    """Keeps what a cluster's plugin says of a failed job, and its logs, by the job's number."""

    def __init__(self):
        super().__init__()
        self.records = {}

    def emit(self, record):
        if getattr(record, "event", None) == LogEvent.JOB_ERROR:
            self.records[record.jobid] = record


FAILURES = Failures()


def watch_failures():
    """Keep what is said of failed jobs, and say less of them at once, unless --verbose asks for all."""
    logger.addHandler(FAILURES)
    for handler in logger.handlers:
        if handler.name == "DefaultStreamHandler" and not workflow.output_settings.verbose:
            handler.setFormatter(Brief(handler.formatter))


def words_of(job):
    """Return the last words of a failed job's command, and where its logs lie."""
    record = FAILURES.records.get(job.jobid)
    logs = list(dict.fromkeys([*map(str, job.log), *(record.log if record else [])]))
    said = []
    for log in filter(os.path.isfile, logs):
        # One that an earlier call wrote says nothing of this job.
        if os.path.getmtime(log) > STARTED - 1:
            with open(log, encoding="utf-8", errors="replace") as file:
                said += [line.strip() for line in file if line.strip()]
    command = f"{job.rule.name.removesuffix('_shard')}.py: "
    own = [line for line in said if line.startswith(command)] or said[-1:]
    own = own or [f"{job.rule.name}: {told(record) or 'it ended without a word'}"]
    return [*own[-3:], f"    log: {', '.join(logs)}"]


def say_failures():
    """Say at the very end, after Snakemake's own last words, what failed."""
    failed = [
        each
        for job in workflow.scheduler.failed
        for each in (job.jobs if job.is_group() else [job])
    ]
    lines = [line for job in sorted(failed, key=lambda job: job.jobid) for line in words_of(job)]
    if lines:
        atexit.register(print_last, ["", "Failed:", *lines])


def print_last(lines):
    """Print lines to a terminal that may be gone."""
    with contextlib.suppress(OSError):
        print(*lines, sep="\n", file=sys.stderr, flush=True)
