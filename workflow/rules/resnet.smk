# Networks: the grid of a cell, and the same training timed alone on each device.


rule train_resnet:
    input:
        script=script("train_resnet"),
        data="resources/{dataset}.npz",
        code=code_of("resnet"),
        shards=shards_of("{model}_{optimizer}_{device}"),
    output:
        record="results/{dataset}/{model}_{optimizer}_{device}.json",
        model="results/{dataset}/models/{model}_{optimizer}_{device}.safetensors",
        predictions="results/{dataset}/predictions/{model}_{optimizer}_{device}.npz",
    params:
        record=lambda wildcards, output: output.record,
        shard="",
        grid=lambda wildcards: json.dumps(resnet_grid(wildcards.device)),
        seeds=config["seeds"],
        # On a CPU, cells side by side do the same better.
        pack=lambda wildcards: config["resnet"]["pack"] if wildcards.device == "gpu" else 1,
    log:
        "logs/train_resnet/{dataset}/{model}_{optimizer}_{device}.log",
    benchmark:
        "logs/train_resnet/{dataset}/{model}_{optimizer}_{device}.tsv"
    threads: 1
    resources:
        gpu=lambda wildcards: int(wildcards.device == "gpu"),
    container:
        image
    conda:
        "../../envs/bakeoff.yaml"
    shell:
        "python {input.script:q} --data {input.data:q} --model {wildcards.model}"
        " --optimizer {wildcards.optimizer} --device {wildcards.device} --grid {params.grid:q}"
        " --seeds {params.seeds} --pack {params.pack} --threads {threads} {params.shard}"
        " --output {params.record:q} --set-aside 2>&1 | tee {log:q}"


use rule train_resnet as train_resnet_shard with:
    output:
        shard_of("{model}_{optimizer}_{device}"),
    params:
        record=lambda wildcards, output: record_of(output[0]),
        shard=f"--shard {{shard}}/{config['shards']}",
    log:
        "logs/train_resnet/{dataset}/{model}_{optimizer}_{device}.{shard}.log",
    benchmark:
        "logs/train_resnet/{dataset}/{model}_{optimizer}_{device}.{shard}.tsv"


rule time_training:
    input:
        script=script("time_training"),
        data="resources/{dataset}.npz",
        code=code_of("resnet"),
    output:
        records=timed("{model}_{optimizer}", ".json"),
        predictions=timed("predictions/{model}_{optimizer}", ".npz"),
    params:
        devices=devices("all"),
        settings=timed_settings(),
        repeats=config["comparison"]["repeats"],
    log:
        "logs/time_training/{dataset}/{model}_{optimizer}.log",
    # Every core: nothing runs beside a timed job; on a cluster, a node of its own.
    threads: workflow.cores
    resources:
        timing_slot=1,
        slurm_extra="--exclusive",
        gpu=int("gpu" in devices("all")),
    container:
        image_for(devices("all")[-1])
    conda:
        "../../envs/bakeoff.yaml"
    shell:
        "python {input.script:q} --data {input.data:q} --model {wildcards.model}"
        " --optimizer {wildcards.optimizer} --devices {params.devices}"
        " --settings {params.settings:q} --repeats {params.repeats} --threads {threads}"
        " --output {output.records:q} --set-aside 2>&1 | tee {log:q}"
