"""A libcuda.so.1 for machines without one: what FAKE_DRIVER says is how it answers. It knows CUDA 12.4.

It has one device, or FAKE_GPUS, of which CUDA_VISIBLE_DEVICES shows those that it names by number; with that
an identity begins. In the mode "slice" a device is one of MIG's, of which a real driver shows one.
"""

import subprocess
from pathlib import Path

SOURCE = r"""
#include <ctype.h>
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

static int shown[64], count;

static void look(void) {
    const char *gpus = getenv("FAKE_GPUS"), *given = getenv("CUDA_VISIBLE_DEVICES");
    int all = gpus ? atoi(gpus) : 1;
    count = 0;
    if (!gpus || !given)
        for (; count < all; count++) shown[count] = count;
    else
        for (; given && isdigit(*given) && atoi(given) < all; given = given ? given + 1 : given) {
            shown[count++] = atoi(given);
            given = strchr(given, ',');
        }
}

int cuDeviceGetCount(int *found) {
    look();
    *found = is("one") || is("new") || is("slice") ? count : 0;
    return 0;
}
int cuDeviceGet(int *device, int number) { *device = shown[number]; return 0; }
int cuDeviceGetName(char *name, int room, int device) {
    strncpy(name, is("slice") ? "NVIDIA A100-SXM4-40GB MIG 1g.5gb" : "NVIDIA A100-SXM4-40GB", room);
    return 0;
}
int cuDeviceGetUuid(char *identity, int device) {
    memset(identity, 0xab, 16);
    identity[0] = device;
    return 0;
}
int cuGetErrorString(int code, const char **words) { *words = "unknown error"; return 0; }
"""


def build(folder: Path) -> Path:
    """Compile the library into a folder, for LD_LIBRARY_PATH."""
    (folder / "driver.c").write_text(SOURCE)
    line = ["gcc", "-shared", "-fPIC", "-o", str(folder / "libcuda.so.1"), str(folder / "driver.c")]
    subprocess.run(line, check=True)
    return folder
