// The explorer: every finished run as a point; a person picks the data set, the axes and the competitors.
const explorer = document.getElementById("explorer-form");
if (explorer) explore(explorer, JSON.parse(document.getElementById("explorer-runs").textContent));

function explore(form, study) {
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
  const column = Object.fromEntries(study.columns.map((item, index) => [item.name, { ...item, index }]));
  const value = (run, name) => run[column[name].index];
  let points = [];
  let current = 0;

  function element(parent, name, attributes, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, item] of Object.entries(attributes)) made.setAttribute(key, item);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  }

  // A copy of the point's look for the list of competitors.
  for (const swatch of form.querySelectorAll("svg[data-place]")) symbol(swatch, Number(swatch.dataset.place), 8, 8);

  function symbol(parent, place, x, y) {
    const look = { d: SHAPES[place % SHAPES.length], transform: `translate(${x} ${y})` };
    return element(parent, "path", { ...look, class: `point m${place % SHAPES.length}` });
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
    const left = (run, name) => form.querySelector(`[name=${name}][value="${CSS.escape(value(run, name))}"]:not(:checked)`);
    const fits = study.runs.filter((run) => value(run, "dataset") === field("dataset").value && !left(run, "competitor") && !left(run, "device"));
    const runs = fits.filter((run) => Number.isFinite(value(run, x)) && Number.isFinite(value(run, y)));
    runs.sort((a, b) => value(a, x) - value(b, x));
    const lost = fits.length - runs.length;
    count.textContent = `${runs.length} run${runs.length === 1 ? "" : "s"}` + (lost ? `; ${lost} without these values` : "");
    plot.replaceChildren();
    plot.setAttribute("aria-label", `${head(y)} by ${head(x)}, ${count.textContent}. Arrow keys go from run to run.`);
    points = [];
    said.replaceChildren("Point at a run, or press Tab and the arrow keys.");
    if (!runs.length) {
      element(plot, "text", { x: WIDTH / 2, y: HEIGHT / 2, "text-anchor": "middle" }, "No run has both values.");
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
      element(plot, "path", { class: "rule", d: `M${across.at(tick)},${EDGE.top}V${floor}` });
      element(plot, "text", { x: across.at(tick), y: floor + 18, "text-anchor": "middle" }, number(tick));
    }
    for (const tick of up.ticks) {
      element(plot, "path", { class: "rule", d: `M${EDGE.left},${up.at(tick)}H${WIDTH - EDGE.right}` });
      element(plot, "text", { x: EDGE.left - 8, y: up.at(tick) + 4, "text-anchor": "end" }, number(tick));
    }
    const words = (name, scale) => head(name) + (scale.log ? ", logarithmic" : "");
    element(plot, "text", { x: (WIDTH + EDGE.left) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, words(x, across));
    const turned = `rotate(-90 14 ${floor / 2})`;
    element(plot, "text", { x: 14, y: floor / 2, "text-anchor": "middle", transform: turned }, words(y, up));
  }

  function point(run, left, top, x, y) {
    const link = element(plot, "a", { href: `#run-${value(run, "run")}`, tabindex: "-1" });
    const mark = symbol(link, study.competitors.indexOf(value(run, "competitor")), left, top);
    if (value(run, "packed")) mark.classList.add("packed");
    const facts = [x, y].map((name) => `${column[name].label} ${number(value(run, name))}${column[name].unit ? ` ${column[name].unit}` : ""}`);
    const words = [`Run ${value(run, "run")}`, value(run, "title"), value(run, "settings"), ...facts, ...(value(run, "packed") ? ["packed"] : [])].join(", ");
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
