"use strict";
(() => {
  const scene = JSON.parse(document.getElementById("scene").textContent);
  const at = id => document.getElementById(id);
  const canvas = at("view"), pen = canvas.getContext("2d"), tip = at("tip"), slider = at("step");
  const home = { yaw: -0.62, pitch: 0.5, zoom: 1, x: 0, y: 0 };
  let camera = { ...home }, parcel = null, shown = 0, hovered = null, playing = 0, drawn = [], waiting = false;

  // Boxes are told apart by a tree of planes, so that they can be drawn from the farthest to the nearest exactly, whatever
  // the view. A box that a plane must cut becomes two pieces; the cut is no edge of the item.
  const bestPlane = pieces => {
    let best = null;
    for (let axis = 0; axis < 3; axis++) {
      for (const value of new Set(pieces.flatMap(p => [p.low[axis], p.high[axis]]))) {
        let below = 0, above = 0, cut = 0;
        for (const p of pieces) {
          if (p.high[axis] <= value) below++;
          else if (p.low[axis] >= value) above++;
          else cut++;
        }
        const badness = cut * 8 + Math.abs(below - above);
        if (below && above && (best === null || badness < best.badness)) best = { axis, value, badness };
      }
    }
    return best;
  };
  const tree = pieces => {
    if (pieces.length === 0) return null;
    if (pieces.length === 1) return { piece: pieces[0] };
    const plane = bestPlane(pieces);
    if (plane === null) return { pieces };
    const { axis, value } = plane, below = [], above = [];
    for (const p of pieces) {
      if (p.high[axis] <= value) below.push(p);
      else if (p.low[axis] >= value) above.push(p);
      else {
        const high = [...p.high], low = [...p.low];
        high[axis] = low[axis] = value;
        below.push({ ...p, high });
        above.push({ ...p, low });
      }
    }
    return { axis, value, below: tree(below), above: tree(above) };
  };
  const farFirst = (node, eye, visit) => {
    if (node === null) return;
    if (node.piece) visit(node.piece);
    else if (node.pieces) node.pieces.forEach(visit);
    else {
      const [far, near] = eye[node.axis] > 0 ? [node.below, node.above] : [node.above, node.below];
      farFirst(far, eye, visit);
      farFirst(near, eye, visit);
    }
  };

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const hash = text => [...text].reduce((sum, c) => (sum * 31 + c.codePointAt(0)) >>> 0, 7);
  const tone = item => {
    if (at("colours").value === "handling") {
      if (item.hazard) return [4, 68, 54];
      if (item.fragility === "very_fragile") return [31, 88, 52];
      if (item.fragility === "fragile") return [44, 88, 56];
      return [209, 34, 64];
    }
    const place = parcel.kinds.indexOf(item.name);
    return [(place * 137.5 + 205) % 360, 42 + hash(item.name) % 3 * 9, 60 + place % 3 * 5];
  };
  const colour = (item, light) => {
    const [h, s, l] = tone(item);
    return `hsl(${h} ${s}% ${Math.round((dark.matches ? l * 0.84 : l) * light)}%)`;
  };

  let ink = {};
  const mix = () => {
    const style = getComputedStyle(document.documentElement);
    ink = Object.fromEntries(["ink", "paper", "edge", "floor", "mark", "wall"].map(name => [name, style.getPropertyValue(`--${name}`).trim()]));
  };
  const view = () => {
    const { yaw, pitch } = camera, cy = Math.cos(yaw), sy = Math.sin(yaw), cp = Math.cos(pitch), sp = Math.sin(pitch);
    const width = canvas.clientWidth, height = canvas.clientHeight, [l, w, h] = parcel.room;
    const span = Math.hypot(l, w, h), scale = camera.zoom * Math.max(60, Math.min(width - 120, (height - 50) * 1.15)) / span;
    const project = ([x, y, z]) => {
      const a = x - l / 2, b = y - w / 2, c = z - h / 2, depth = a * sy + b * cy;
      return [width / 2 + camera.x + (a * cy - b * sy) * scale, height / 2 + camera.y - (c * cp + depth * sp) * scale];
    };
    return { project, eye: [-sy * cp, -cy * cp, sp], scale };
  };
  const CORNERS = [[0, 0], [1, 0], [1, 1], [0, 1]];
  const faceOf = (low, high, axis, side) => CORNERS.map(([p, q]) => {
    const point = [0, 0, 0], a = (axis + 1) % 3, b = (axis + 2) % 3;
    point[axis] = side ? high[axis] : low[axis];
    point[a] = p ? high[a] : low[a];
    point[b] = q ? high[b] : low[b];
    return point;
  });
  const path = points => {
    pen.beginPath();
    points.forEach(([x, y], k) => (k ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.closePath();
  };
  const line = (p, q) => { pen.beginPath(); pen.moveTo(...p); pen.lineTo(...q); pen.stroke(); };
  const LIGHT = [0.82, 0.92, 1.06];

  const drawPiece = (piece, look, seeThrough) => {
    const { project, eye } = look, { item, low, high } = piece, now = item.step === shown, isHovered = item === hovered;
    for (let axis = 0; axis < 3; axis++) {
      if (Math.abs(eye[axis]) < 1e-6) continue;
      const side = eye[axis] > 0, isCut = side ? high[axis] < item.high[axis] : low[axis] > item.low[axis];
      if (isCut) continue;
      const corners = faceOf(low, high, axis, side), points = corners.map(project);
      path(points);
      pen.globalAlpha = seeThrough && !now ? 0.42 : 1;
      pen.fillStyle = colour(item, LIGHT[axis] * (isHovered ? 1.12 : 1));
      pen.fill();
      if (!seeThrough) { pen.strokeStyle = pen.fillStyle; pen.lineWidth = 0.8; pen.stroke(); }
      pen.globalAlpha = 1;
      pen.strokeStyle = now || isHovered ? ink.mark : ink.edge;
      pen.lineWidth = now || isHovered ? 2.4 : 1;
      corners.forEach((corner, k) => {
        const next = corners[(k + 1) % 4];
        // An edge of a piece is one of the item when it lies on the item's own sides along both other axes.
        const isReal = [0, 1, 2].every(b => corner[b] !== next[b] || corner[b] === item.low[b] || corner[b] === item.high[b]);
        if (isReal) line(points[k], points[(k + 1) % 4]);
      });
      drawn.push({ item, points });
    }
  };
  const edgesOf = (low, high) => {
    const edges = [];
    for (let axis = 0; axis < 3; axis++) for (const [p, q] of CORNERS) {
      const a = (axis + 1) % 3, b = (axis + 2) % 3, from = [0, 0, 0];
      from[axis] = low[axis]; from[a] = p ? high[a] : low[a]; from[b] = q ? high[b] : low[b];
      const to = [...from];
      to[axis] = high[axis];
      edges.push({ from, to, axis, near: [[a, p], [b, q]] });
    }
    return edges;
  };
  const label = (text, x, y) => {
    pen.font = "600 13px system-ui, sans-serif";
    pen.textAlign = "center"; pen.textBaseline = "middle";
    pen.lineWidth = 4; pen.lineJoin = "round";
    pen.strokeStyle = ink.paper; pen.strokeText(text, x, y);
    pen.fillStyle = ink.ink; pen.fillText(text, x, y);
  };
  const drawRoom = (look, inFront) => {
    const { project, eye } = look, low = [0, 0, 0], high = parcel.room;
    if (!inFront) {
      path(faceOf(low, high, 2, false).map(project));
      pen.fillStyle = ink.floor; pen.fill();
    }
    pen.strokeStyle = ink.wall; pen.lineWidth = 1.6;
    pen.setLineDash(parcel.isSoft ? [7, 4] : []);
    for (const edge of edgesOf(low, high)) {
      const isNear = edge.near.some(([axis, side]) => (eye[axis] > 0) === Boolean(side));
      if (isNear === inFront) line(project(edge.from), project(edge.to));
    }
    pen.setLineDash([]);
  };
  const drawSizes = look => {
    const { project, eye } = look, [l, w, h] = parcel.room, y = eye[1] > 0 ? w : 0, x = eye[0] > 0 ? l : 0;
    const z = eye[2] >= 0 ? 0 : h, side = eye[0] > 0 ? 0 : l;
    const middle = project([l / 2, w / 2, h / 2]);
    for (const [text, point] of [[`${l}`, [l / 2, y, z]], [`${w}`, [x, w / 2, z]], [`${h}`, [side, y, h / 2]]]) {
      const [px, py] = project(point), far = Math.hypot(px - middle[0], py - middle[1]) || 1;
      label(`${text} mm`, px + (px - middle[0]) / far * 24, py + (py - middle[1]) / far * 18);
    }
  };
  const paint = () => {
    waiting = false;
    const ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const look = view(), seeThrough = at("through").checked;
    drawn = [];
    mix();
    drawRoom(look, false);
    farFirst(parcel.tree, look.eye, piece => { if (piece.item.step <= shown) drawPiece(piece, look, seeThrough); });
    drawRoom(look, true);
    drawSizes(look);
  };
  const draw = () => { if (!waiting) { waiting = true; requestAnimationFrame(paint); } };

  const grams = g => (g >= 1000 ? `${(g / 1000).toFixed(2)} kg` : `${g} g`);
  const size = item => item.size.join(" × ") + " mm";
  const handling = item => [item.fragility.replace("_", " "), item.hazard && `hazard class ${item.hazard}`].filter(Boolean);
  const describe = item => [
    `${item.step}. ${item.name}${item.line === null ? "" : ` (line ${item.line})`}`,
    `${size(item)}${item.weight_g === null ? "" : `, ${grams(item.weight_g)}`}`,
    ...(item.padding_mm ? [`with ${item.padding_mm} mm of protection on each side`] : []),
    ...handling(item),
    `corner at ${item.low.join(", ")}`,
  ].join("\n");

  const setStep = step => {
    shown = Math.max(0, Math.min(parcel.items.length, step));
    slider.value = shown;
    const item = parcel.items[shown - 1];
    at("count").textContent = `${shown} of ${parcel.items.length}`;
    at("said").textContent = item ? `Step ${describe(item).replaceAll("\n", ", ")}` : "Nothing is packed yet.";
    parcel.rows.forEach((row, k) => {
      row.classList.toggle("later", k >= shown);
      if (k === shown - 1) row.setAttribute("aria-current", "step");
      else row.removeAttribute("aria-current");
    });
    const row = parcel.rows[shown - 1], list = at("items");
    if (row) list.scrollTop = row.offsetTop - list.offsetTop - (list.clientHeight - row.offsetHeight) / 2;
    draw();
  };
  const swatches = () => parcel.rows.forEach((row, k) => { row.querySelector(".swatch").style.background = colour(parcel.items[k], 1); });
  const add = (to, tag, text, className) => {
    const made = document.createElement(tag);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    to.append(made);
    return made;
  };
  const legend = () => {
    const box = at("legend");
    box.replaceChildren();
    const entries = at("colours").value === "handling"
      ? [["plain", i => !i.hazard && !i.fragility], ["fragile", i => !i.hazard && i.fragility === "fragile"],
        ["very fragile", i => !i.hazard && i.fragility === "very_fragile"], ["hazard", i => i.hazard]]
      : parcel.kinds.slice(0, 12).map(name => [name, i => i.name === name]);
    for (const [name, test] of entries) {
      const item = parcel.items.find(test);
      if (!item) continue;
      const entry = add(box, "span");
      add(entry, "i", "", "swatch").style.background = colour(item, 1);
      add(entry, "span", name);
    }
    if (at("colours").value === "item" && parcel.kinds.length > 12) add(box, "span", `and ${parcel.kinds.length - 12} more`);
  };
  const recolour = () => { swatches(); legend(); draw(); };
  const open = number => {
    const given = scene.parcels[number], items = given.items.map(item => ({
      ...item, low: item.at, high: item.at.map((value, axis) => value + item.extent[axis]),
    })).sort((a, b) => a.step - b.step);
    parcel = {
      ...given, items, kinds: [...new Set(items.map(item => item.name))],
      tree: tree(items.map(item => ({ item, low: item.low, high: item.high }))), rows: [],
    };
    hovered = null;
    tip.hidden = true;
    at("parcel").value = number;
    at("name").textContent = given.name;
    at("facts").textContent = given.facts.join(" · ");
    const list = at("items");
    list.replaceChildren();
    items.forEach((item, k) => {
      const row = add(list, "li"), button = add(row, "button");
      button.type = "button";
      add(button, "span", `${item.step}.`);
      add(button, "i", "", "swatch");
      add(button, "span", item.name);
      add(button, "span", [size(item), item.weight_g === null ? "" : grams(item.weight_g), ...handling(item)].filter(Boolean).join(", "), "soft");
      button.onclick = () => setStep(k + 1);
      button.onpointerenter = button.onfocus = () => { hovered = item; draw(); };
      button.onpointerleave = button.onblur = () => { hovered = null; draw(); };
      parcel.rows.push(row);
    });
    slider.max = items.length;
    recolour();
    setStep(items.length);
  };

  const inside = (points, x, y) => {
    let sign = 0;
    for (let k = 0; k < 4; k++) {
      const [ax, ay] = points[k], [bx, by] = points[(k + 1) % 4], side = Math.sign((bx - ax) * (y - ay) - (by - ay) * (x - ax));
      if (side && sign && side !== sign) return false;
      sign = side || sign;
    }
    return true;
  };
  const point = (x, y) => {
    const found = [...drawn].reverse().find(face => inside(face.points, x, y))?.item ?? null;
    if (found !== hovered) { hovered = found; draw(); }
    tip.hidden = found === null;
    if (found === null) return;
    tip.textContent = describe(found);
    tip.style.left = `${Math.min(x + 14, canvas.clientWidth - tip.offsetWidth - 6)}px`;
    tip.style.top = `${Math.max(6, Math.min(y + 14, canvas.clientHeight - tip.offsetHeight - 6))}px`;
  };
  const turn = (yaw, pitch) => {
    camera.yaw += yaw;
    camera.pitch = Math.max(-1.45, Math.min(1.5, camera.pitch + pitch));
    draw();
  };
  const zoom = factor => { camera.zoom = Math.max(0.3, Math.min(12, camera.zoom * factor)); draw(); };
  const reset = () => { camera = { ...home }; draw(); };
  const stop = () => { clearInterval(playing); playing = 0; at("play").textContent = "Play"; };
  const play = () => {
    if (playing) return stop();
    if (shown === parcel.items.length) setStep(0);
    at("play").textContent = "Stop";
    playing = setInterval(() => { setStep(shown + 1); if (shown === parcel.items.length) stop(); }, Math.max(60, Math.min(700, 20000 / parcel.items.length)));
  };

  const touches = new Map();
  canvas.onpointerdown = event => { canvas.setPointerCapture(event.pointerId); touches.set(event.pointerId, event); };
  canvas.onpointermove = event => {
    const before = touches.get(event.pointerId);
    if (!before) return point(event.offsetX, event.offsetY);
    tip.hidden = true;
    const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
    if (touches.size === 2) {
      const other = [...touches.values()].find(touch => touch.pointerId !== event.pointerId);
      const apart = touch => Math.hypot(touch.clientX - other.clientX, touch.clientY - other.clientY) || 1;
      zoom(apart(event) / apart(before));
    } else if (event.shiftKey || event.buttons === 2) { camera.x += dx; camera.y += dy; draw(); } else turn(-dx * 0.008, dy * 0.008);
    touches.set(event.pointerId, event);
  };
  canvas.onpointerup = canvas.onpointercancel = event => touches.delete(event.pointerId);
  canvas.onpointerleave = () => { tip.hidden = true; if (hovered) { hovered = null; draw(); } };
  canvas.oncontextmenu = event => event.preventDefault();
  canvas.ondblclick = reset;
  canvas.addEventListener("wheel", event => { event.preventDefault(); zoom(Math.exp(-event.deltaY * 0.0015)); }, { passive: false });
  canvas.onkeydown = event => {
    const keys = {
      ArrowLeft: () => turn(0.15, 0), ArrowRight: () => turn(-0.15, 0), ArrowUp: () => turn(0, 0.1), ArrowDown: () => turn(0, -0.1),
      "+": () => zoom(1.2), "=": () => zoom(1.2), "-": () => zoom(1 / 1.2), 0: reset,
    };
    if (keys[event.key]) { event.preventDefault(); keys[event.key](); }
  };
  addEventListener("keydown", event => {
    if (event.target.matches?.("select, input") || event.ctrlKey || event.metaKey || event.altKey) return;
    const keys = {
      ".": () => setStep(shown + 1), ",": () => setStep(shown - 1), Home: () => setStep(0), End: () => setStep(parcel.items.length),
      n: () => open((Number(at("parcel").value) + 1) % scene.parcels.length),
      b: () => open((Number(at("parcel").value) + scene.parcels.length - 1) % scene.parcels.length), p: play,
    };
    if (keys[event.key]) { event.preventDefault(); stop(); keys[event.key](); }
  });
  slider.oninput = () => { stop(); setStep(Number(slider.value)); };
  at("back").onclick = () => { stop(); setStep(shown - 1); };
  at("next").onclick = () => { stop(); setStep(shown + 1); };
  at("play").onclick = play;
  at("reset").onclick = reset;
  at("through").onchange = draw;
  at("colours").onchange = recolour;
  at("parcel").onchange = event => { stop(); open(Number(event.target.value)); };
  dark.addEventListener("change", recolour);
  new ResizeObserver(draw).observe(canvas);

  scene.parcels.forEach((given, k) => { add(at("parcel"), "option", given.name).value = k; });
  at("parcels").hidden = scene.parcels.length < 2;
  const isSpecial = scene.parcels.some(given => given.items.some(item => item.hazard || item.fragility));
  at("colours").value = isSpecial ? "handling" : "item";
  const wanted = new URLSearchParams(location.hash.slice(1));
  open(Math.min(scene.parcels.length - 1, Math.max(0, Number(wanted.get("parcel") ?? 1) - 1 || 0)));
  if (wanted.has("step")) setStep(Number(wanted.get("step")));
  if (wanted.has("turn")) turn(Number(wanted.get("turn")) * Math.PI / 180, Number(wanted.get("tilt") ?? 0) * Math.PI / 180);
})();
