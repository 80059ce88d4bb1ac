# Views: a data set's parts with images of another size, for networks whose row asks for one, or with features.


rule prepare_view:
    input:
        script=script("prepare_view"),
        data="resources/{dataset}.npz",
        parts=part_list,
        code=code_of("data"),
    output:
        "resources/{dataset}@{size}.npz",
    params:
        dataset=lambda wildcards: row("datasets", wildcards.dataset),
        own=decoded,
    log:
        "logs/prepare_view/{dataset}@{size}.log",
    threads: lambda wildcards, input: 16 if input.parts else 1
    container:
        config["containers"]["cpu"]
    conda:
        "../../envs/bakeoff.yaml"
    shell:
        "python {input.script:q} --data {input.data:q} --dataset {params.dataset:q}"
        " --input-size {wildcards.size} {params.own} --threads {threads}"
        " --output {output:q} --set-aside 2>&1 | tee {log:q}"


# What a call that was killed had computed waits in resources/{dataset}/features, which is no output.
rule extract_features:
    input:
        script=script("extract_features"),
        data="resources/{dataset}.npz",
        parts=part_list,
        code=code_of("features"),
    output:
        "resources/{dataset}+{features}.npz",
    params:
        dataset=lambda wildcards: row("datasets", wildcards.dataset),
        features=lambda wildcards: row("features", wildcards.features),
        device=PLAN["devices"][-1],
        own=decoded,
    log:
        "logs/extract_features/{dataset}+{features}.log",
    threads: 4
    resources:
        gpu=int("gpu" in PLAN["devices"]),
    container:
        image_for(PLAN["devices"][-1])
    conda:
        "../../envs/bakeoff.yaml"
    shell:
        "python {input.script:q} --data {input.data:q} --dataset {params.dataset:q}"
        " --features {params.features:q} --device {params.device} {params.own}"
        " --threads {threads} --output {output:q} --set-aside 2>&1 | tee {log:q}"
