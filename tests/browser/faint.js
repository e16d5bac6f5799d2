// Words in charts whose contrast with what they stand on is below 4.5: axe-core does not judge text in SVG.
() => {
  const parse = (colour) => {
    const parts = colour.match(/[\d.]+/g)
    if (!parts || colour === "none") return [0, 0, 0, 0]
    const [red, green, blue, alpha = 1] = parts.map(Number)
    return [red, green, blue, alpha]
  }
  const over = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1)
  const linear = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4)
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
  const contrast = (a, b) => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y)
    return (light + 0.05) / (dark + 0.05)
  }
  const filled = (shape, style) => {
    const colour = parse(style.fill)
    return [...colour.slice(0, 3), colour[3] * style.fillOpacity * style.opacity]
  }
  const ground = (text) => {
    const style = getComputedStyle(text)
    if (style.paintOrder.startsWith("stroke") && style.stroke !== "none") return parse(style.stroke)
    const box = text.getBoundingClientRect()
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2]
    const layers = []
    // drawn before the words, so beneath them
    for (const shape of text.ownerSVGElement.querySelectorAll("path, rect, circle, polygon, ellipse")) {
      if (!(shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING)) continue
      if (shape.closest("defs, clipPath, marker, symbol")) continue
      const place = shape.getScreenCTM()
      if (!place) continue
      const point = new DOMPoint(x, y).matrixTransform(place.inverse())
      if (shape.isPointInFill(point)) layers.push(filled(shape, getComputedStyle(shape)))
    }
    let below = [255, 255, 255, 1]
    const around = []
    for (let element = text.ownerSVGElement; element; element = element.parentElement) around.unshift(element)
    for (const element of around) below = over(parse(getComputedStyle(element).backgroundColor), below)
    return layers.reduce((found, layer) => over(layer, found), below)
  }
  return [...document.querySelectorAll("svg text")]
    .filter((text) => text.textContent.trim() && text.getBoundingClientRect().width)
    .map((text) => {
      const style = getComputedStyle(text)
      const on = ground(text)
      const ink = over(filled(text, style), on)
      return [contrast(ink, on), text.textContent, ink.map(Math.round), on.map(Math.round)]
    })
    .filter(([ratio]) => ratio < 4.5)
    .map(([ratio, words, ink, on]) => `${words}: ${ratio.toFixed(1)} (${ink} on ${on})`)
}
