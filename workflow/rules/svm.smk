# Support vector machines: one kernel's grid on one data set.


rule train_svm:
    input:
        script=script("train_svm"),
        data="resources/{dataset}.npz",
        code=code_of("svm"),
    output:
        record="results/{dataset}/svm_{kernel}_cpu.json",
        model="results/{dataset}/models/svm_{kernel}_cpu.skops",
        predictions="results/{dataset}/predictions/svm_{kernel}_cpu.npz",
    params:
        grid=lambda wildcards: json.dumps(config["svm"]["grid"][wildcards.kernel]),
    log:
        "logs/train_svm/{dataset}/svm_{kernel}_cpu.log",
    benchmark:
        "logs/train_svm/{dataset}/svm_{kernel}_cpu.tsv"
    threads: 1
    container:
        config["containers"]["cpu"]
    conda:
        "../../envs/bakeoff.yaml"
    shell:
        "python {input.script:q} --data {input.data:q} --kernel {wildcards.kernel}"
        " --grid {params.grid:q} --threads {threads} --output {output.record:q} 2>&1 | tee {log:q}"
