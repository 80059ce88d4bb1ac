"""A libcuda.so.1 for machines without one: what FAKE_DRIVER says is how it answers. It knows CUDA 12.4."""

import subprocess
from pathlib import Path

SOURCE = r"""
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is(const char *mode) {
    const char *given = getenv("FAKE_DRIVER");
    return given && !strcmp(given, mode);
}

int cuInit(unsigned flags) {
    if (is("hang")) for (;;) pause();
    if (is("crash")) abort();
    if (is("leave")) _exit(0);
    return is("error") ? 999 : 0;
}
int cuDriverGetVersion(int *version) { *version = is("new") ? 99000 : 12040; return 0; }
int cuDeviceGetCount(int *count) { *count = is("one") || is("new"); return 0; }
int cuGetErrorString(int code, const char **words) { *words = "unknown error"; return 0; }
"""


def build(folder: Path) -> Path:
    """Compile the library into a folder, for LD_LIBRARY_PATH."""
    (folder / "driver.c").write_text(SOURCE)
    line = ["gcc", "-shared", "-fPIC", "-o", str(folder / "libcuda.so.1"), str(folder / "driver.c")]
    subprocess.run(line, check=True)
    return folder
