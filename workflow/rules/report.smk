# For people: figures, then one HTML file and one PDF.


rule plot_figures:
    localrule: True
    input:
        script=script("plot_figures"),
        records=reported("records.jsonl"),
        tables=collect(reported("{table}.csv"), table=["best", "speedup"]),
        data=present(
            collect(
                "resources/{dataset}.npz",
                dataset=config["datasets"] if config["show_images"] else [],
            )
        ),
        audits=audits("audit.json"),
        copies=audits("copies"),
        code=code_of("figures"),
    output:
        report(
            directory(reported("figures")),
            patterns=["{figure}.svg"],
            caption="../../report/captions/figures.rst",
            category="Figures",
        ),
    params:
        tables=lambda wildcards, input: os.path.dirname(input.tables[0]),
        data=lambda wildcards, input: many("data", input.data),
        audits=lambda wildcards, input: many("audits", input.audits),
    log:
        "logs/plot_figures.log",
    threads: 8
    container:
        config["containers"]["cpu"]
    conda:
        "../../envs/bakeoff.yaml"
    shell:
        "python {input.script:q} --records {input.records:q} --tables {params.tables:q} {params.data}"
        " {params.audits} --output {output:q} --processes {threads} --set-aside 2>&1 | tee {log:q}"


rule render_report:
    localrule: True
    input:
        script=script("render_report"),
        records=reported("records.jsonl"),
        tables=collect(reported("{table}.csv"), table=TABLES),
        figures=reported("figures"),
        audits=audits("audit.json"),
        templates=report_sources(),
        code=code_of("report"),
    output:
        html=report(
            reported("report.html"),
            caption="../../report/captions/report.rst",
            category="Report",
        ),
        pdf=report(
            reported("report.pdf"),
            caption="../../report/captions/report.rst",
            category="Report",
        ),
    params:
        # A function: a brace in a path is no wildcard.
        config=lambda wildcards: json.dumps(config),
        without_gpu=shlex.join(["--without-gpu", without_gpu()] if without_gpu() else []),
        missing=many("missing", missing()),
        audits=lambda wildcards, input: many("audits", input.audits),
        tables=lambda wildcards, input: os.path.dirname(input.tables[0]),
        templates=lambda wildcards, input: os.path.commonpath(input.templates),
    log:
        "logs/render_report.log",
    threads: 1
    container:
        config["containers"]["cpu"]
    conda:
        "../../envs/bakeoff.yaml"
    shell:
        "python {input.script:q} --records {input.records:q} --tables {params.tables:q}"
        " --figures {input.figures:q} --config {params.config:q} --templates {params.templates:q}"
        " {params.audits} {params.missing} {params.without_gpu}"
        " --html {output.html:q} --pdf {output.pdf:q} --set-aside 2>&1 | tee {log:q}"
