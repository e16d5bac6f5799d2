// Rates as rows of buttons, each bar from zero with its interval: a click chooses the records behind it.
function make(name, kind, words) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  if (words !== undefined) made.textContent = words;
  return made;
}

function drawn(rate, kind) {
  const track = make("span", `track ${kind}`);
  const bar = make("span", "bar");
  const range = make("span", "range");
  bar.style.width = `${100 * rate.rate}%`;
  range.style.left = `${100 * rate.low}%`;
  range.style.width = `${100 * (rate.high - rate.low)}%`;
  track.append(bar, range);
  return track;
}

function row(model, bar) {
  const button = make("button", "row");
  button.type = "button";
  button.dataset.key = bar.key;
  button.setAttribute("aria-label", bar.told);
  button.setAttribute("aria-pressed", String(model.get("chosen") === bar.key));
  if (bar.current) button.setAttribute("aria-current", "true");
  const lines = make("span", "lines");
  lines.append(drawn(bar, "now"));
  if (bar.earlier) lines.append(drawn(bar.earlier, "before"));
  button.append(make("span", "label", bar.label), lines, make("span", "value", bar.value), make("span", "detail", bar.detail));
  button.addEventListener("click", () => {
    model.set("chosen", model.get("chosen") === bar.key ? "" : bar.key);
    model.save_changes();
  });
  return button;
}

function download(svg, name) {
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export default {
  render({ model, el }) {
    el.classList.add("cdi-explore");
    const heading = make("p", "chart-title");
    const subtitle = make("p", "chart-subtitle");
    const rows = make("div", "rows");
    rows.setAttribute("role", "group");
    const axis = make("div", "axis");
    for (const share of [0, 25, 50, 75, 100]) {
      const tick = make("span", "", `${share}%`);
      tick.style.left = `${share}%`;
      axis.append(tick);
    }
    const scale = make("div", "row scale");
    scale.setAttribute("aria-hidden", "true");
    scale.append(make("span"), axis, make("span"), make("span"));
    const save = make("button", "do", "Save the chart (SVG)");
    save.type = "button";
    save.addEventListener("click", () => model.send({ wanted: "svg" }));
    const show = () => {
      const focused = el.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
      heading.textContent = model.get("title");
      subtitle.textContent = model.get("subtitle");
      rows.setAttribute("aria-label", model.get("title"));
      rows.replaceChildren(...model.get("bars").map((bar) => row(model, bar)));
      save.hidden = scale.hidden = model.get("bars").length === 0;
      if (focused) [...rows.children].find((one) => one.dataset.key === focused)?.focus();
    };
    model.on("change:bars", show);
    model.on("change:chosen", show);
    model.on("msg:custom", (message) => download(message.svg, message.name));
    el.append(heading, subtitle, rows, scale, save);
    show();
    return () => {
      model.off("change:bars", show);
      model.off("change:chosen", show);
    };
  },
};
