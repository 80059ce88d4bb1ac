# Networks: tried once on each data set; the grid of a cell; the same training timed alone on each device.
TRIED = "resources/{dataset}/tried/{model}.json"


# Whether a network can take the images: where it cannot, its cells say so, and the study goes on. Whatever makes this
# again makes its cells again, too.
rule try_network:
    input:
        script=script("try_network"),
        # Whatever trains it, it sees the same images.
        data=data_of(f"{{model}}_{next(iter(PLAN['rows']['optimizers']))}"),
        code=code_of("networks"),
    output:
        TRIED,
    params:
        model=lambda wildcards: row("networks", wildcards.model),
    log:
        "logs/try_network/{dataset}/{model}.log",
    threads: 1
    container:
        config["containers"]["cpu"]
    conda:
        "../../envs/bakeoff.yaml"
    shell:
        "python {input.script:q} --data {input.data:q} --model {params.model:q}"
        " --output {output:q} --set-aside 2>&1 | tee {log:q}"


rule train_network:
    input:
        script=script("train_network"),
        data=data_of("{model}_{optimizer}"),
        tried=TRIED,
        code=code_of("networks"),
        shards=shards_of("{model}_{optimizer}_{device}"),
    output:
        record=at("record", "{model}_{optimizer}_{device}"),
        model=at("models", "{model}_{optimizer}_{device}"),
        predictions=at("predictions", "{model}_{optimizer}_{device}"),
    params:
        record=lambda wildcards, output: output.record,
        shard="",
        model=lambda wildcards: row("networks", wildcards.model),
        optimizer=lambda wildcards: row("optimizers", wildcards.optimizer),
        grid=lambda wildcards: argument("networks", "grid", wildcards.device),
        seeds=config["seeds"],
        # On a CPU, cells side by side do the same better.
        pack=lambda wildcards: config["networks"]["pack"] if wildcards.device == "gpu" else 1,
    log:
        "logs/train_network/{dataset}/{model}_{optimizer}_{device}.log",
    benchmark:
        "logs/train_network/{dataset}/{model}_{optimizer}_{device}.tsv"
    threads: 1
    resources:
        gpu=lambda wildcards: int(wildcards.device == "gpu"),
    container:
        image
    conda:
        "../../envs/bakeoff.yaml"
    shell:
        "python {input.script:q} --data {input.data:q} --tried {input.tried:q} --model {params.model:q}"
        " --optimizer {params.optimizer:q} --device {wildcards.device} --grid {params.grid:q}"
        " --seeds {params.seeds} --pack {params.pack} --threads {threads} {params.shard}"
        " --output {params.record:q} --set-aside 2>&1 | tee {log:q}"


use rule train_network as train_network_shard with:
    output:
        shard_of("{model}_{optimizer}_{device}"),
    params:
        record=lambda wildcards, output: record_of(output[0]),
        shard=f"--shard {{shard}}/{config['shards']}",
    log:
        "logs/train_network/{dataset}/{model}_{optimizer}_{device}.{shard}.log",
    benchmark:
        "logs/train_network/{dataset}/{model}_{optimizer}_{device}.{shard}.tsv"


rule time_training:
    input:
        script=script("time_training"),
        data=data_of("{model}_{optimizer}"),
        tried=TRIED,
        code=code_of("networks"),
    output:
        records=timed("record", "{model}_{optimizer}"),
        predictions=timed("predictions", "{model}_{optimizer}"),
    params:
        model=lambda wildcards: row("networks", wildcards.model),
        optimizer=lambda wildcards: row("optimizers", wildcards.optimizer),
        devices=PLAN["devices"],
        settings=argument("comparison", "settings"),
        repeats=config["comparison"]["repeats"],
    log:
        "logs/time_training/{dataset}/{model}_{optimizer}.log",
    # Every core: nothing runs beside a timed job; on a cluster, a node of its own.
    threads: workflow.cores
    resources:
        timing_slot=1,
        slurm_extra="--exclusive",
        gpu=int("gpu" in PLAN["devices"]),
    container:
        image_for(PLAN["devices"][-1])
    conda:
        "../../envs/bakeoff.yaml"
    shell:
        "python {input.script:q} --data {input.data:q} --tried {input.tried:q} --model {params.model:q}"
        " --optimizer {params.optimizer:q} --devices {params.devices}"
        " --settings {params.settings:q} --repeats {params.repeats} --threads {threads}"
        " --output {output.records:q} --set-aside 2>&1 | tee {log:q}"
