// A button that copies a text to the clipboard and says so.
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // a page that is not served from this machine or by https has no clipboard of its own
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

export default {
  render({ model, el }) {
    el.classList.add("cdi-explore");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "do";
    button.textContent = model.get("label");
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    button.addEventListener("click", async () => {
      await copied(model.get("text"));
      said.textContent = "Copied";
      setTimeout(() => { said.textContent = ""; }, 2000);
    });
    el.append(button, said);
  },
};
