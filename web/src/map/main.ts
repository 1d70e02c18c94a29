import { createApp } from "vue";
import "../generated/tokens.css";
import "../styles/base.css";
import "./map.css";
import { Api } from "../core/api";
import { Session } from "../core/session";
import { FeatureStore } from "../core/store";
import { pageTheme } from "../core/theme";
import { CONTEXT } from "../panels/context";
import MapPage from "./MapPage.vue";

const api = new Api();
const store = new FeatureStore();
const session = new Session(api, store);

// Asked for before the page is built, so that the answers are under way while it is.
void session.start();
createApp(MapPage).provide(CONTEXT, { api, store, session, theme: pageTheme() }).mount("#app");
