# Data sets: originals fetched and verified, then split and resized once.


# The nodes of a cluster often have no way out; the machine that submits does.
localrules:
    fetch_dataset,


rule fetch_dataset:
    input:
        script=script("fetch_dataset"),
        code=code_of("data"),
    output:
        "resources/raw/{dataset}.npz",
    params:
        source=given("data_source"),
    log:
        "logs/fetch_dataset/{dataset}.log",
    threads: 1
    container:
        config["containers"]["cpu"]
    conda:
        "../../envs/bakeoff.yaml"
    shell:
        "python {input.script:q} --dataset {wildcards.dataset}"
        " {params.source} --output {output:q} 2>&1 | tee {log:q}"


rule prepare_dataset:
    input:
        script=script("prepare_dataset"),
        # Its content is fixed by digests: another source of the same bytes retrains nothing.
        raw=ancient("resources/raw/{dataset}.npz"),
        code=code_of("data"),
    output:
        "resources/{dataset}.npz",
    params:
        split=json.dumps(config["split"]),
        size=config["resnet"]["input_size"],
        limits=given("limit_train", "limit_test"),
    log:
        "logs/prepare_dataset/{dataset}.log",
    threads: 1
    container:
        config["containers"]["cpu"]
    conda:
        "../../envs/bakeoff.yaml"
    shell:
        "python {input.script:q} --raw {input.raw:q} --dataset {wildcards.dataset}"
        " --split {params.split:q} --input-size {params.size} {params.limits}"
        " --output {output:q} 2>&1 | tee {log:q}"
