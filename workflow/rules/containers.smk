# Container images: which one a job gets, that it is there, and what of the machine it sees.


def check_images():
    """End with one line where containers are asked for and an image is not there."""
    methods = {str(method) for method in workflow.deployment_settings.deployment_method}
    if "apptainer" not in methods:
        return
    wanted = ["cpu"] if PLAN["gpu_missing"] else ["cpu", "cuda"]
    for name in (config["containers"][kind] for kind in wanted):
        if "://" not in name and not os.path.exists(name):
            raise SystemExit(
                f"container image {name} is not there: build it with `make containers`, "
                "or name another in the configuration under containers"
            )


def image_for(device):
    """Return the container image for a device: CUDA for the GPU."""
    return config["containers"]["cuda" if device == "gpu" else "cpu"]


def image(wildcards):
    """Return the container image of a cell."""
    return image_for(wildcards.device)


def data_source():
    """Return the folder or URL that was named for the original data, or nothing.

    Expanded here: in a container the home is another, and a job may lack variables.
    """
    named = config["data_source"] or os.getenv("BAKEOFF_DATA", "")
    return os.path.expanduser(os.path.expandvars(named))


def source_option():
    """Return the named source as an option, nothing where none is named."""
    return shlex.join(["--data-source", data_source()]) if data_source() else ""


def bind_folders():
    """Let containers see what may lie outside the working directory: the data, the image's own digest.

    Images of one's own are read, never written.
    """
    images = [Path(name).resolve().parent for name in config["containers"].values()]
    folders = [*images, Path(data_source()).resolve()] if data_source() else images
    binds = [os.getenv("APPTAINER_BIND"), *(str(each) for each in folders if os.path.isdir(each))]
    binds += [
        f"{each}:{each}:ro" for each in map(os.path.abspath, PLAN["places"]) if os.path.exists(each)
    ]
    os.environ.update(APPTAINER_BIND=",".join(dict.fromkeys(filter(None, binds))))
