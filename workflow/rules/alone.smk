# What each cell chose, trained again alone on the machine: times to compare, from seeds that chose nothing.


rule time_chosen:
    input:
        script=script("time_chosen"),
        record=at("record", "{competitor}_{device}"),
        model=at("models", "{competitor}_{device}"),
        data=data_of("{competitor}"),
        code=code_of("alone"),
    output:
        record=at("record", "{competitor}_{device}", "alone"),
        predictions=at("predictions", "{competitor}_{device}", "alone"),
    params:
        times=config["final_seeds"],
        engine=config["svm"]["engine"],
        memory=config["svm"]["mem_mb"],
    log:
        "logs/time_chosen/{dataset}/{competitor}_{device}.log",
    # Every core: nothing runs beside a timed job; on a cluster, a node of its own.
    threads: workflow.cores
    resources:
        timing_slot=1,
        slurm_extra="--exclusive",
        gpu=lambda wildcards: int(wildcards.device == "gpu"),
        mem_mb=lambda wildcards, attempt: attempt * (config["svm"]["mem_mb"] + 3000),
    container:
        image
    conda:
        "../../envs/bakeoff.yaml"
    shell:
        "python {input.script:q} --record {input.record:q} --data {input.data:q} --model {input.model:q}"
        " --times {params.times} --engine {params.engine} --mem-mb {params.memory} --threads {threads}"
        " --output {output.record:q} --set-aside 2>&1 | tee {log:q}"
