"use strict";
{
  const page = JSON.parse(document.getElementById("data").textContent);
  const tip = document.getElementById("tip");

  // What people wrote becomes text, never markup.
  const put = (parent, name, text, className) => {
    const element = parent.appendChild(document.createElement(name));
    element.textContent = text;
    if (className) element.className = className;
    return element;
  };

  const mercator = (lat) => Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360));

  /** Return longitude, latitude and zoom at which bounds fill most of the window. */
  const fitted = ([west, south, east, north]) => {
    const [low, high] = [mercator(south), mercator(north)];
    const across = (innerWidth * 0.8) / (512 * Math.max((east - west) / 360, 1e-9));
    const along = (innerHeight * 0.8) / (512 * Math.max((high - low) / (2 * Math.PI), 1e-9));
    return {
      longitude: (west + east) / 2,
      latitude: (Math.atan(Math.exp((low + high) / 2)) * 360) / Math.PI - 90,
      zoom: Math.min(Math.log2(Math.min(across, along)), 18),
    };
  };

  const show = (info) => {
    const row = info.picked && info.object ? page.rows[info.object.properties.i] : null;
    tip.hidden = !row;
    if (!row) return;
    tip.replaceChildren();
    put(tip, "h2", row[0]);
    const list = tip.appendChild(document.createElement("dl"));
    for (const [label, text] of row[1]) {
      put(list, "dt", label);
      put(list, "dd", text);
    }
    tip.style.left = `${Math.max(8, Math.min(info.x + 16, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${Math.max(8, Math.min(info.y + 16, innerHeight - tip.offsetHeight - 8))}px`;
  };

  document.getElementById("title").textContent = page.title;
  document.getElementById("subtitle").textContent = page.subtitle;
  document.getElementById("credit").textContent = ["EPSG:4490", page.base, "绘图：deck.gl"].filter(Boolean).join(" · ");
  const notice = document.getElementById("notice");
  notice.textContent = page.notice;
  notice.hidden = !page.notice;
  for (const { label, colour, count, alarm } of page.legend) {
    const item = document.getElementById("legend").appendChild(document.createElement("li"));
    const swatch = put(item, "i", "", alarm ? "ring" : "swatch");
    swatch.style[alarm ? "borderColor" : "backgroundColor"] = colour;
    put(item, "span", label);
    put(item, "b", count);
  }
  if (page.bounds) {
    Object.assign(page.deck.initialViewState, fitted(page.bounds));
    const events = { "deck-hover-event": show, "deck-click-event": show };
    const deck = createDeck({
      container: document.getElementById("map"),
      jsonInput: page.deck,
      tooltip: false,
      handleEvent: (name, info) => events[name]?.(info),
    });
    deck.setProps({ onAfterRender: () => { document.body.dataset.ready = "true"; } });
    window.look = deck;
  } else {
    document.body.dataset.ready = "true";
  }
}
