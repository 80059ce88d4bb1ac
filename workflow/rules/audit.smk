# Whether a data set is fit to be judged on: copies, shortcuts, groups; its own environment has no torch.


rule audit_dataset:
    input:
        script=script("audit_dataset"),
        data="resources/{dataset}.npz",
        parts=part_list,
        code=code_of("audit"),
    output:
        found="resources/{dataset}/audit.json",
        thumbnails=directory("resources/{dataset}/copies"),
    params:
        own=originals_of,
    log:
        "logs/audit_dataset/{dataset}.log",
    threads: 16
    container:
        config["containers"]["cpu"]
    conda:
        "../../envs/audit.yaml"
    shell:
        "python {input.script:q} {input.data:q} {params.own} --threads {threads}"
        " --output {output.found:q} --thumbnails {output.thumbnails:q} --set-aside 2>&1 | tee {log:q}"
