// The explorer: every finished run as a point; a person picks the data set, the axes and the competitors.
const explorer = document.getElementById("explorer-form");
if (explorer) explore(explorer);

function explore(form) {
  const SVG = "http://www.w3.org/2000/svg";
  const WIDTH = 760, HEIGHT = 420, EDGE = { left: 66, right: 16, top: 14, bottom: 48 };
  // One path per competitor, about 10 units across: colour is never the only sign.
  const SHAPES = [
    "M5,0A5,5 0 1 1 -5,0A5,5 0 1 1 5,0Z", "M-4.5,-4.5H4.5V4.5H-4.5Z", "M0,-5.5L5.2,4.2H-5.2Z",
    "M0,-6L6,0L0,6L-6,0Z", "M0,5.5L5.2,-4.2H-5.2Z", "M-2,-5.5H2V-2H5.5V2H2V5.5H-2V2H-5.5V-2H-2Z",
  ];
  const plot = document.getElementById("explorer-plot");
  const said = document.getElementById("explorer-said");
  const count = document.getElementById("explorer-count");
  const field = (name) => form.elements[name];
  const finished = runs.filter((run) => run.finished && run.cell.purpose === "selection").sort((a, b) => a.run - b.run);
  const column = Object.fromEntries(study.axes.map((axis) => [axis.name, axis]));
  // A setting is held as it is said.
  const value = (run, name) => { const found = valueOf(run, name); return typeof found === "string" ? Number(found) : found; };
  let points = [];
  let current = 0;

  function drawn(parent, name, attributes, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, item] of Object.entries(attributes)) made.setAttribute(key, item);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  }

  // A copy of the point's look for the list of competitors.
  for (const swatch of form.querySelectorAll("svg[data-place]")) symbol(swatch, Number(swatch.dataset.place), 8, 8);

  function symbol(parent, place, x, y) {
    // Who shares a colour has another shape, as in the figures.
    const shape = SHAPES[(place + Math.floor(place / SHAPES.length)) % SHAPES.length];
    const look = { d: shape, transform: `translate(${x} ${y})` };
    return drawn(parent, "path", { ...look, class: `point m${place % SHAPES.length}` });
  }

  function scale(values, from, to) {
    let low = Math.min(...values), high = Math.max(...values);
    const log = low > 0 && high / low >= 20;
    const bend = log ? Math.log10 : (number) => number;
    [low, high] = [bend(low), bend(high)];
    const margin = (high - low || Math.abs(high) * 0.1 || 1) * 0.06;
    low -= margin; high += margin;
    const at = (number) => from + ((bend(number) - low) / (high - low)) * (to - from);
    return { at, log, ticks: log ? decades(low, high) : steps(low, high) };
  }

  function steps(low, high) {
    const rough = (high - low) / 6, power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough);
    const ticks = [];
    for (let i = Math.ceil(low / step); i * step <= high; i++) ticks.push(Number((i * step).toPrecision(12)));
    return ticks;
  }

  function decades(low, high) {
    const factors = high - low < 3 ? [1, 2, 5] : [1];
    const ticks = [];
    for (let power = Math.floor(low); power <= high; power++) {
      for (const factor of factors) ticks.push(Number((factor * 10 ** power).toPrecision(3)));
    }
    return ticks.filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high);
  }

  const number = (item) => item.toLocaleString("en", { maximumSignificantDigits: 5 });
  const head = (name) => column[name].label + (column[name].unit ? ` (${column[name].unit})` : "");

  function draw() {
    const [x, y] = [field("x").value, field("y").value];
    // A study of one device has no boxes for it, and leaves none out.
    const left = (run, name) => form.querySelector(`[name=${name}][value="${CSS.escape(run.cell[name])}"]:not(:checked)`);
    const fits = finished.filter((run) => run.cell.dataset === field("dataset").value && !left(run, "competitor") && !left(run, "device"));
    const runs = fits.filter((run) => Number.isFinite(value(run, x)) && Number.isFinite(value(run, y)));
    runs.sort((a, b) => value(a, x) - value(b, x));
    const lost = fits.length - runs.length;
    count.textContent = `${runs.length} run${runs.length === 1 ? "" : "s"}` + (lost ? `; ${lost} without these values` : "");
    plot.replaceChildren();
    plot.setAttribute("aria-label", `${head(y)} by ${head(x)}, ${count.textContent}. Arrow keys go from run to run.`);
    points = [];
    said.replaceChildren("Point at a run, or press Tab and the arrow keys.");
    if (!runs.length) {
      drawn(plot, "text", { x: WIDTH / 2, y: HEIGHT / 2, "text-anchor": "middle" }, "No run has both values.");
      return;
    }
    const across = scale(runs.map((run) => value(run, x)), EDGE.left, WIDTH - EDGE.right);
    const up = scale(runs.map((run) => value(run, y)), HEIGHT - EDGE.bottom, EDGE.top);
    axes(across, up, x, y);
    points = runs.map((run) => point(run, across.at(value(run, x)), up.at(value(run, y)), x, y));
    current = 0;
    points[0].setAttribute("tabindex", "0");
  }

  function axes(across, up, x, y) {
    const floor = HEIGHT - EDGE.bottom;
    for (const tick of across.ticks) {
      drawn(plot, "path", { class: "rule", d: `M${across.at(tick)},${EDGE.top}V${floor}` });
      drawn(plot, "text", { x: across.at(tick), y: floor + 18, "text-anchor": "middle" }, number(tick));
    }
    for (const tick of up.ticks) {
      drawn(plot, "path", { class: "rule", d: `M${EDGE.left},${up.at(tick)}H${WIDTH - EDGE.right}` });
      drawn(plot, "text", { x: EDGE.left - 8, y: up.at(tick) + 4, "text-anchor": "end" }, number(tick));
    }
    const words = (name, scale) => head(name) + (scale.log ? ", logarithmic" : "");
    drawn(plot, "text", { x: (WIDTH + EDGE.left) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, words(x, across));
    const turned = `rotate(-90 14 ${floor / 2})`;
    drawn(plot, "text", { x: 14, y: floor / 2, "text-anchor": "middle", transform: turned }, words(y, up));
  }

  function point(run, left, top, x, y) {
    const link = drawn(plot, "a", { href: `#run-${run.run}`, tabindex: "-1" });
    const mark = symbol(link, study.competitors.indexOf(run.cell.competitor), left, top);
    if (run.packed) mark.classList.add("packed");
    const facts = [x, y].map((name) => `${column[name].label} ${number(value(run, name))}${column[name].unit ? ` ${column[name].unit}` : ""}`);
    const words = [`Run ${run.run}`, `${run.cell.title} ${run.cell.on}`, run.setting.words, ...facts, ...(run.packed ? ["packed"] : [])].join(", ");
    link.setAttribute("aria-label", words);
    for (const event of ["focus", "mouseenter"]) link.addEventListener(event, () => { said.textContent = words; });
    return link;
  }

  // One stop for Tab, the arrows inside: hundreds of runs must not stand between a reader and the next part.
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!step || !points.length) return;
    event.preventDefault();
    points[current].setAttribute("tabindex", "-1");
    current = (current + step + points.length) % points.length;
    points[current].setAttribute("tabindex", "0");
    points[current].focus();
  });
  form.addEventListener("input", draw);
  form.hidden = false;
  draw();
}
