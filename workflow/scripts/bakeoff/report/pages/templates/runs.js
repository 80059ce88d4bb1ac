// The runs that the page holds once: for the explorer, and in a large study for tables and commands.
const held = document.getElementById("embedded-runs");
const study = held ? JSON.parse(held.textContent) : { fields: [], axes: [], competitors: [], cells: [] };
const runs = study.cells.flatMap((cell) => cell.runs.map((row) => {
  const run = Object.fromEntries(study.fields.map((name, place) => [name, row[place]]));
  return Object.assign(run, { cell, setting: cell.settings[run.setting] });
}));

// What a column or an axis shows of a run: a setting, a measurement, or what holds for its whole cell.
function valueOf(run, key) {
  if (key.startsWith("settings.")) return run.setting.values[key.slice(9)];
  return key in run ? run[key] : run.cell[key];
}

function element(parent, name, attributes = {}, text) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== "") made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}

// A table of runs: its excerpt makes room for all of them.
function fill(table) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  body.replaceChildren();
  for (const run of runs.filter((run) => run.cell.table === table.dataset.runs).sort((a, b) => a.run - b.run)) {
    const row = element(body, "tr");
    heads.forEach((head, place) => entry(row, head, place, run));
  }
  table.closest(".table").querySelector(".excerpt")?.remove();
  delete table.dataset.runs;
}

function entry(row, head, place, run) {
  const { key, digits } = head.dataset, value = valueOf(run, key);
  const number = head.classList.contains("number");
  const shown = number && digits && value !== null ? decimals(value, Number(digits)) : value ?? "\u2013";
  const look = [number ? "number" : "", key === "state" ? run.look : ""].filter(Boolean).join(" ");
  const first = place === 0, link = key === "run";
  const cell = element(row, first ? "th" : "td", { class: look, scope: first ? "row" : "" }, link ? undefined : shown);
  if (number && value !== null && value !== undefined) cell.dataset.value = value;
  if (link) element(cell, "a", { href: `#run-${value}` }, shown);
  if (key === "state" && run.note) element(cell, "small", {}, run.note);
}

// As the smaller reports round: what a number is, not what it is written as, and a tie to the even digit.
function decimals(value, digits) {
  const scaled = value * 10 ** digits;
  const tie = Number.isInteger(value * 2 ** (digits + 1)) && scaled % 1 === 0.5;
  const [whole, rest] = (tie ? (2 * Math.round(scaled / 2)) / 10 ** digits : value).toFixed(digits).split(".");
  return [whole.replace(/\B(?=(\d{3})+$)/g, ","), rest].filter((part) => part !== undefined).join(".");
}

// The commands of a cell's runs: the cell's own, with the settings and the seed of each.
function command(run) {
  const own = { "--grid": run.setting.grid, "--seeds": run.seed ?? run.cell.seeds };
  const line = run.cell.command.map((part) => (Array.isArray(part) ? own[part[0]] : part)).join(" ");
  return run.fold === null ? line : `${line} --fold ${run.fold}`;
}

function words(run) {
  const timed = run.cell.purpose !== "selection";
  const again = timed ? `repeat ${run.repeat}` : run.seed !== null ? `seed ${run.seed}` : "";
  const fold = run.fold === null ? "" : run.fold === "refit" ? "all folds" : `fold ${run.fold}`;
  return [run.setting.words, again, fold].filter(Boolean).join(", ");
}

function list(fold) {
  const lines = element(fold, "ol", { class: "runs" }), first = Number(fold.dataset.runs);
  const { cell } = runs.find((run) => run.run === first);
  for (const run of runs.filter((run) => run.cell === cell)) {
    const line = element(lines, "li", { id: `run-${run.run}`, value: run.run });
    element(line, "p", {}, words(run));
    if (cell.command) element(element(line, "pre"), "code", {}, command(run));
    else element(line, "p", { class: "hint" }, "made by the cell's command");
  }
  delete fold.dataset.runs;
}
