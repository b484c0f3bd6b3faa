"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("drawings").textContent);
  const narrow = matchMedia("(max-width: 600px)");
  const dark = matchMedia("(prefers-color-scheme: dark)");

  // Colours come as names of CSS variables, so that the plots are as light or dark as the page.
  function painted(value, styles, isColor) {
    if (typeof value === "string") return isColor && value.startsWith("--") ? styles.getPropertyValue(value).trim() : value;
    if (Array.isArray(value)) return value.map((part) => painted(part, styles, isColor));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, part]) => [key, painted(part, styles, key.toLowerCase().includes("color"))]),
    );
  }

  function layoutOf(drawing, element, width) {
    const small = narrow.matches;
    const size = small ? 12 : 13;
    const { xaxis: { narrow: angle, ...xaxis }, yaxis: { narrow: names, ...yaxis }, legend, ...rest } = drawing.layout;
    const axis = (own) => ({
      automargin: true,
      fixedrange: true,
      gridcolor: "--grid",
      zerolinecolor: "--soft",
      linecolor: "--rule",
      ticks: "",
      tickfont: { size: small && own.ticktext ? 11 : size },
      ...own,
      title: { font: { size }, standoff: 8, ...own.title },
    });
    if (small && angle) xaxis.tickangle = angle;
    if (small && names) yaxis.ticktext = names;
    return {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(element).fontFamily, size, color: "--ink" },
      hoverlabel: { bgcolor: "--raised", bordercolor: "--rule", font: { color: "--ink" }, align: "left" },
      legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom", bgcolor: "rgba(0,0,0,0)", ...legend },
      margin: { l: 48, r: 24, t: 16, b: 48 },
      hovermode: "closest",
      dragmode: false,
      height: heightOf(drawing),
      ...(width ? { width } : {}),
      ...rest,
      xaxis: axis(xaxis),
      yaxis: axis(yaxis),
    };
  }

  // On a narrow screen names of rows take two lines, and the legend takes more.
  function heightOf(drawing) {
    return drawing.height + (narrow.matches ? 30 + 8 * (drawing.layout.yaxis.narrow ?? []).length : 0);
  }

  const chosen = {};
  function draw(key, width) {
    const element = document.getElementById(key);
    const drawing = figures[key][chosen[key] ?? 0];
    const styles = getComputedStyle(document.documentElement);
    element.style.height = `${heightOf(drawing)}px`;
    return Plotly.react(
      element,
      painted(drawing.traces, styles, false),
      painted(layoutOf(drawing, element, width), styles, false),
      { displayModeBar: false, responsive: true },
    );
  }

  const drawAll = (width) => Object.keys(figures).forEach((key) => draw(key, width));
  document.querySelectorAll("select[data-for]").forEach((select) => {
    select.addEventListener("change", () => {
      chosen[select.dataset.for] = Number(select.value);
      draw(select.dataset.for);
    });
  });
  dark.addEventListener("change", () => drawAll());
  narrow.addEventListener("change", () => drawAll());
  // On paper: light, and as wide as a page between its margins.
  addEventListener("beforeprint", () => {
    document.documentElement.classList.add("printing");
    drawAll(660);
  });
  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printing");
    drawAll();
  });
  drawAll();
})();
