# Data sets: originals fetched and verified, then split and resized once.


# The nodes of a cluster often have no way out; the machine that submits does.
rule fetch_dataset:
    localrule: True
    input:
        script=script("fetch_dataset"),
        code=code_of("data"),
    output:
        "resources/raw/{dataset}.npz",
    params:
        dataset=lambda wildcards: row("datasets", wildcards.dataset),
        # Derived from the output, so that Snakemake does not rerun for another source: digests say what the bytes
        # are, wherever they come from. What does run again ends in cells that take their runs from journals by that
        # digest.
        source=lambda wildcards, output: source_option(),
    log:
        "logs/fetch_dataset/{dataset}.log",
    threads: 1
    container:
        config["containers"]["cpu"]
    conda:
        "../../envs/bakeoff.yaml"
    shell:
        "python {input.script:q} --dataset {params.dataset:q} {params.source}"
        " --output {output:q} --set-aside 2>&1 | tee {log:q}"


rule prepare_dataset:
    input:
        script=script("prepare_dataset"),
        raw="resources/raw/{dataset}.npz",
        code=code_of("data"),
    output:
        "resources/{dataset}.npz",
    params:
        dataset=lambda wildcards: row("datasets", wildcards.dataset),
        split=json.dumps(config["split"]),
        size=config["networks"]["input_size"],
        limits=given("limit_train", "limit_test"),
    log:
        "logs/prepare_dataset/{dataset}.log",
    threads: 1
    container:
        config["containers"]["cpu"]
    conda:
        "../../envs/bakeoff.yaml"
    shell:
        "python {input.script:q} --raw {input.raw:q} --dataset {params.dataset:q}"
        " --split {params.split:q} --input-size {params.size} {params.limits}"
        " --output {output:q} --set-aside 2>&1 | tee {log:q}"
