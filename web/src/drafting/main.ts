import { createApp } from "vue";
import "../generated/tokens.css";
import "../styles/base.css";
import "./drafting.css";
import DraftingPage from "./DraftingPage.vue";
import { pageTheme } from "../core/theme";
import { SESSION, THEME } from "./context";
import { openSession } from "./session";

const session = openSession();
createApp(DraftingPage).provide(SESSION, session).provide(THEME, pageTheme()).mount("#app");
void session.start();
