# Fan-in and contrast: all records in one file, then choice, devices, paired tests, classes, published numbers.


rule collect_results:
    localrule: True
    input:
        script=script("collect_results"),
        records=present(study()),
        predictions=present(PLAN["predictions"]),
        code=code_of("analysis"),
    output:
        records=reported("records.jsonl"),
        runs=table("runs"),
    params:
        records=lambda wildcards, input: many("records", input.records),
    log:
        "logs/collect_results.log",
    threads: 1
    container:
        config["containers"]["cpu"]
    conda:
        "../../envs/bakeoff.yaml"
    shell:
        "python {input.script:q} {params.records}"
        " --runs {output.runs:q} --output {output.records:q} --set-aside 2>&1 | tee {log:q}"


rule select_best:
    localrule: True
    input:
        script=script("select_best"),
        records=reported("records.jsonl"),
        code=code_of("analysis"),
    output:
        table("best"),
    log:
        "logs/select_best.log",
    threads: 1
    container:
        config["containers"]["cpu"]
    conda:
        "../../envs/bakeoff.yaml"
    shell:
        "python {input.script:q} --records {input.records:q} --output {output:q}"
        " --set-aside 2>&1 | tee {log:q}"


use rule select_best as compare_devices with:
    localrule: True
    input:
        script=script("compare_devices"),
        records=reported("records.jsonl"),
        code=code_of("analysis"),
    output:
        table("speedup"),
    log:
        "logs/compare_devices.log",


use rule select_best as compare_models with:
    localrule: True
    input:
        script=script("compare_models"),
        records=reported("records.jsonl"),
        code=code_of("analysis"),
    output:
        table("tests"),
    log:
        "logs/compare_models.log",


use rule select_best as compare_classes with:
    localrule: True
    input:
        script=script("compare_classes"),
        records=reported("records.jsonl"),
        code=code_of("analysis"),
    output:
        table("classes"),
    log:
        "logs/compare_classes.log",


rule compare_published:
    localrule: True
    input:
        script=script("compare_published"),
        records=reported("records.jsonl"),
        reference=REFERENCE,
        code=code_of("analysis"),
    output:
        table("published"),
    log:
        "logs/compare_published.log",
    threads: 1
    container:
        config["containers"]["cpu"]
    conda:
        "../../envs/bakeoff.yaml"
    shell:
        "python {input.script:q} --records {input.records:q}"
        " --reference {input.reference:q} --output {output:q} --set-aside 2>&1 | tee {log:q}"
