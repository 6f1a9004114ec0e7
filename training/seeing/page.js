"use strict";
// Everything can be seen without this; it adds a hand to drag with.
function all(selector, within) { return [...(within || document).querySelectorAll(selector)]; }
document.body.classList.add("live");

// Time: one slider turns every run's large grid to the same number of pictures seen.
const time = document.querySelector(".time");
const slider = document.querySelector(".time input");
const runs = all(".hero").map((hero) => {
  const image = hero.querySelector("img");
  const caption = hero.querySelector("figcaption");
  const moments = all(".strip[data-run='" + hero.dataset.run + "'] figure");
  return { image, caption, moments, last: image && { src: image.src, said: caption.textContent } };
});
function turn(column) {
  for (const run of runs) {
    if (!run.image) continue;
    let shown = run.last;
    for (const figure of run.moments) figure.classList.toggle("now", Number(figure.dataset.column) === column);
    if (column < Number(slider.max)) {
      const near = run.moments.filter((m) => m.querySelector("img") && Number(m.dataset.column) <= column).pop();
      if (near) shown = { src: near.querySelector("img").src, said: near.dataset.said };
    }
    run.image.src = shown.src;
    run.caption.textContent = shown.said;
  }
}
if (slider && Number(slider.max) > 0) {
  time.hidden = false;
  slider.addEventListener("input", () => turn(Number(slider.value)));
  for (const figure of all(".strip figure")) {
    figure.addEventListener("click", () => {
      slider.value = figure.dataset.column;
      turn(Number(slider.value));
    });
  }
}

// Curves: a pointer over one of them reads all at the same number of pictures seen.
function short(value) {
  const size = Math.abs(value);
  if (size < 1e-12) return "0";
  if (size >= 1e7 || size < 1e-4) return value.toExponential(1).replace(".0e", "e").replace("e+", "e");
  const digits = Math.max(0, 2 - Math.floor(Math.log10(size)));
  return Number(value.toFixed(digits)).toLocaleString("en", { maximumFractionDigits: digits });
}
const plots = all(".plot").map((plot) => {
  const number = (name) => Number(plot.dataset[name]);
  return {
    plot,
    log: plot.classList.contains("log"),
    low: number("low"), high: number("high"), bottom: number("bottom"), top: number("top"),
    cursor: plot.querySelector(".cursor"),
    outputs: all("output", plot.closest(".chart")),
    lines: all(".line", plot).map((path) => path.getAttribute("d").slice(1).split("L").map((p) => p.split(" ").map(Number))),
  };
});
for (const { outputs } of plots) for (const output of outputs) output.dataset.last = output.textContent;
function read(part) {
  for (const each of plots) {
    each.cursor.style.display = part === null ? "none" : "block";
    if (part === null) {
      for (const output of each.outputs) output.textContent = output.dataset.last;
      continue;
    }
    each.cursor.style.left = part * 100 + "%";
    if (each.plot.offsetParent === null) continue;
    each.lines.forEach((points, number) => {
      const at = part * 1000;
      const point = points.reduce((a, b) => (Math.abs(b[0] - at) < Math.abs(a[0] - at) ? b : a));
      const value = each.bottom + (1 - point[1] / 1000) * (each.top - each.bottom);
      each.outputs[number].textContent = at > points[points.length - 1][0] + 15 ? "–" : short(value);
    });
  }
}
const flag = document.createElement("b");
flag.className = "at";
for (const each of plots) {
  each.plot.addEventListener("pointermove", (event) => {
    const box = each.plot.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const seen = each.log ? each.low * Math.pow(each.high / each.low, part) : each.low + part * (each.high - each.low);
    read(part);
    flag.textContent = short(seen / 1000) + " kimg";
    flag.style.left = part * 100 + "%";
    each.plot.append(flag);
  });
  each.plot.addEventListener("pointerleave", () => { read(null); flag.remove(); });
}
