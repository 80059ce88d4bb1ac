# Data sets: originals fetched and verified, then split and resized once; images of one's own decoded and split.


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
    wildcard_constraints:
        dataset=PLAN["fetched"],
    shell:
        "python {input.script:q} --raw {input.raw:q} --dataset {params.dataset:q}"
        " --split {params.split:q} --input-size {params.size} {params.limits}"
        " --output {output:q} --set-aside 2>&1 | tee {log:q}"


# What is decoded stays in a folder that is no output: images that are added later are decoded alone.
rule prepare_images:
    input:
        script=script("prepare_images"),
        images=lambda wildcards: seen(wildcards.dataset),
        code=code_of("data"),
    output:
        data="resources/{dataset}.npz",
        parts="resources/{dataset}/parts.csv",
    params:
        dataset=lambda wildcards: row("datasets", wildcards.dataset),
        split=json.dumps(config["split"]),
        size=config["networks"]["input_size"],
        limits=given("limit_train", "limit_test"),
        leak=given("on_leak"),
        decoded=lambda wildcards, output: os.path.join(os.path.dirname(output.parts), "decoded"),
    log:
        "logs/prepare_images/{dataset}.log",
    threads: 16
    container:
        config["containers"]["cpu"]
    conda:
        "../../envs/bakeoff.yaml"
    wildcard_constraints:
        dataset=PLAN["own"],
    shell:
        "python {input.script:q} --dataset {params.dataset:q}"
        " --split {params.split:q} --input-size {params.size} {params.limits} --threads {threads} {params.leak}"
        " --decoded {params.decoded:q} --parts {output.parts:q}"
        " --output {output.data:q} --set-aside 2>&1 | tee {log:q}"
