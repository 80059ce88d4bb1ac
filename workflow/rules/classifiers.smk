# Support vector machines and other classifiers: the grid of one kernel, or of one row of the catalog, on one data set.


rule train_svm:
    input:
        script=script("train_svm"),
        data=data_of("svm_{kernel}{on}"),
        code=code_of("svm"),
        shards=shards_of("svm_{kernel}{on}_{device}"),
    output:
        record=at("record", "svm_{kernel}{on}_{device}"),
        model=at("models", "svm_{kernel}{on}_{device}"),
        predictions=at("predictions", "svm_{kernel}{on}_{device}"),
    params:
        record=lambda wildcards, output: output.record,
        shard="",
        grid=lambda wildcards: argument("svm", "grid", wildcards.kernel),
        engine=config["svm"]["engine"],
        memory=config["svm"]["mem_mb"],
    log:
        "logs/train_svm/{dataset}/svm_{kernel}{on}_{device}.log",
    benchmark:
        "logs/train_svm/{dataset}/svm_{kernel}{on}_{device}.tsv"
    threads: 4
    resources:
        gpu=lambda wildcards: int(wildcards.device == "gpu"),
        # Beside the kernel matrices: the images in float32, the machines, the libraries themselves.
        mem_mb=lambda wildcards, attempt: attempt * (config["svm"]["mem_mb"] + 3000),
    container:
        image
    conda:
        "../../envs/bakeoff.yaml"
    shell:
        "python {input.script:q} --data {input.data:q} --kernel {wildcards.kernel}"
        " --device {wildcards.device} --grid {params.grid:q} --engine {params.engine}"
        " --mem-mb {params.memory} --threads {threads} {params.shard}"
        " --output {params.record:q} --set-aside 2>&1 | tee {log:q}"


use rule train_svm as train_svm_shard with:
    output:
        shard_of("svm_{kernel}{on}_{device}"),
    params:
        record=lambda wildcards, output: record_of(output[0]),
        shard=f"--shard {{shard}}/{config['shards']}",
    log:
        "logs/train_svm/{dataset}/svm_{kernel}{on}_{device}.{shard}.log",
    benchmark:
        "logs/train_svm/{dataset}/svm_{kernel}{on}_{device}.{shard}.tsv"


rule train_classifier:
    input:
        script=script("train_classifier"),
        data=data_of("{classifier}{on}"),
        code=code_of("classifiers"),
        shards=shards_of("{classifier}{on}_{device}"),
    output:
        record=at("record", "{classifier}{on}_{device}"),
        model=at("models", "{classifier}{on}_{device}"),
        predictions=at("predictions", "{classifier}{on}_{device}"),
    params:
        record=lambda wildcards, output: output.record,
        shard="",
        classifier=lambda wildcards: row("classifiers", wildcards.classifier),
        grid=lambda wildcards: argument("classifiers", "grid", wildcards.classifier),
        seeds=config["seeds"],
    log:
        "logs/train_classifier/{dataset}/{classifier}{on}_{device}.log",
    benchmark:
        "logs/train_classifier/{dataset}/{classifier}{on}_{device}.tsv"
    threads: 4
    container:
        image
    conda:
        "../../envs/bakeoff.yaml"
    wildcard_constraints:
        device="cpu",
    shell:
        "python {input.script:q} --data {input.data:q} --classifier {params.classifier:q}"
        " --grid {params.grid:q} --seeds {params.seeds} --threads {threads} {params.shard}"
        " --output {params.record:q} --set-aside 2>&1 | tee {log:q}"


use rule train_classifier as train_classifier_shard with:
    output:
        shard_of("{classifier}{on}_{device}"),
    params:
        record=lambda wildcards, output: record_of(output[0]),
        shard=f"--shard {{shard}}/{config['shards']}",
    log:
        "logs/train_classifier/{dataset}/{classifier}{on}_{device}.{shard}.log",
    benchmark:
        "logs/train_classifier/{dataset}/{classifier}{on}_{device}.{shard}.tsv"
