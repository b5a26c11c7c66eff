"use strict";
// Draws the trends and ticks boxes. Pages are whole without it.
(() => {
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const drawn = [];

  const draw = (box) => {
    const data = JSON.parse(box.dataset.chart);
    if (data.days.length < 2) {
      box.textContent = "A line needs two days; there is one so far.";
      box.classList.add("soft");
      box.classList.add("short");
      return;
    }
    const axis = { stroke: style("--soft"), grid: { stroke: style("--line"), width: 1 }, ticks: { stroke: style("--line") } };
    const series = data.series.map((s) => ({ label: s.name, stroke: style(s.colour), width: 2, points: { show: data.days.length < 20 } }));
    const plot = new uPlot(
      {
        width: Math.max(240, box.clientWidth),
        height: 240,
        scales: { y: { range: (u, min, max) => [0, Math.max(4, max * 1.1)] } },
        axes: [axis, { ...axis, size: 60 }],
        series: [{ value: "{YYYY}-{MM}-{DD}" }, ...series],
        tzDate: (ts) => uPlot.tzDate(new Date(ts * 1e3), "Etc/UTC"),
      },
      [data.days, ...data.series.map((s) => s.values)],
      box,
    );
    drawn.push({ box, plot });
  };

  const drawAll = () => {
    for (const { plot } of drawn.splice(0)) plot.destroy();
    document.querySelectorAll("[data-chart]").forEach(draw);
  };

  drawAll();
  addEventListener("resize", () => {
    for (const { box, plot } of drawn) plot.setSize({ width: Math.max(240, box.clientWidth), height: 240 });
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);

  document.addEventListener("change", (e) => {
    const name = e.target.dataset && e.target.dataset.all;
    if (name) e.target.form.querySelectorAll(`input[name="${name}"]`).forEach((box) => (box.checked = e.target.checked));
  });
})();
