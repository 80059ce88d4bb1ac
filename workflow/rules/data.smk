# Data sets: originals fetched and verified, then split and resized once.


rule fetch_dataset:
    input:
        script=script("fetch_dataset"),
        code=code_of("data"),
    output:
        "resources/raw/{dataset}.npz",
    log:
        "logs/fetch_dataset/{dataset}.log",
    conda:
        "../../envs/bakeoff.yaml"
    container:
        config["containers"]["cpu"]
    threads: 1
    params:
        source=lambda wildcards: config["data_source"] or "",
    shell:
        "python {input.script:q} --dataset {wildcards.dataset}"
        " --data-source {params.source:q} --output {output:q} 2>&1 | tee {log:q}"


rule prepare_dataset:
    input:
        script=script("prepare_dataset"),
        raw="resources/raw/{dataset}.npz",
        code=code_of("data"),
    output:
        "resources/{dataset}.npz",
    log:
        "logs/prepare_dataset/{dataset}.log",
    conda:
        "../../envs/bakeoff.yaml"
    container:
        config["containers"]["cpu"]
    threads: 1
    params:
        split=json.dumps(config["split"]),
        size=config["resnet"]["input_size"],
        limits=limit_options(),
    shell:
        "python {input.script:q} --raw {input.raw:q} --dataset {wildcards.dataset}"
        " --split {params.split:q} --input-size {params.size} {params.limits}"
        " --output {output:q} 2>&1 | tee {log:q}"
