/** UTC inside, Asia/Shanghai for people. */

const parts = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

export interface LocalTime {
  /** `2026-11-23` */
  date: string;
  /** `21:05` */
  minute: string;
  /** `21:05:09` */
  time: string;
}

export function shanghai(instant: Date): LocalTime {
  const field = Object.fromEntries(parts.formatToParts(instant).map((part) => [part.type, part.value]));
  const minute = `${field.hour}:${field.minute}`;
  return { date: `${field.year}-${field.month}-${field.day}`, minute, time: `${minute}:${field.second}` };
}

/** `2026-11-23 21:05`, or an empty string for what is not a time. */
export function stamp(rfc3339: string | null): string {
  if (!rfc3339) return "";
  const instant = new Date(rfc3339);
  if (Number.isNaN(instant.getTime())) return "";
  const local = shanghai(instant);
  return `${local.date} ${local.minute}`;
}
