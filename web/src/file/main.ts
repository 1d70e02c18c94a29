import { createApp } from "vue";
import "../generated/tokens.css";
import "../styles/base.css";
import "./file.css";
import "./permit.css";
import { pageTheme } from "../core/theme";
import FilePage from "./FilePage.vue";

createApp(FilePage, { theme: pageTheme() }).mount("#app");
