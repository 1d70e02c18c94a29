/** What draws here, asked before the engine is loaded. */

export type Drawing = "none" | "software" | "hardware";

/** Which WebGL 2 the browser has, by one context that is given back; `?quality=low|high` says so for it. */
export function drawing(): Drawing {
  const context = document.createElement("canvas").getContext("webgl2");
  if (!context) return "none";
  const info = context.getExtension("WEBGL_debug_renderer_info");
  const renderer = info ? String(context.getParameter(info.UNMASKED_RENDERER_WEBGL)) : "";
  context.getExtension("WEBGL_lose_context")?.loseContext();
  const wanted = new URLSearchParams(location.search).get("quality");
  if (wanted) return wanted === "low" ? "software" : "hardware";
  return /swiftshader|llvmpipe|software|basic render/i.test(renderer) ? "software" : "hardware";
}
