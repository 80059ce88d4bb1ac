# Views: a data set's parts with images of another size, for networks whose row asks for one.


def part_list(wildcards):
    """Return which image of one's own is in which part; nothing of other data sets."""
    own = re.fullmatch(PLAN["own"], wildcards.dataset)
    return [f"resources/{wildcards.dataset}/parts.csv"] if own else []


def decoded(wildcards, input):
    """Return what images of one's own are brought to another size by, as options."""
    folders = [os.path.join(os.path.dirname(each), "decoded") for each in input.parts]
    return shlex.join(["--parts", *input.parts, "--decoded", *folders]) if folders else ""


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
