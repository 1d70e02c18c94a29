/** Air at the stations, water at the sections, places that a radar saw: as `/api/quality` and `/api/radar` tell it. */

export interface AirIndex {
  index: number | null;
  /** 1 (优) … 6 (严重污染). */
  grade: number | null;
  label: string;
  primary: string[];
  parts: Record<string, { concentration: number; index: number | null }>;
  missing: string[];
}

export interface AirStation extends AirIndex {
  feature_id: string;
  code: string | null;
  name: string | null;
  station_class: string | null;
  hours: (number | null)[];
  hour_grades: (number | null)[];
  latest: (AirIndex & { hour: number }) | null;
}

export interface AirDay {
  /** YYYY-MM-DD */
  day: string;
  stations: AirStation[];
}

export interface WaterSection {
  feature_id: string;
  code: string | null;
  name: string | null;
  station_class: string | null;
  river: string | null;
  target: string | null;
  class: string | null;
  /** 1 … 5, 6: worse than the last class. */
  rank: number | null;
  met: boolean | null;
  deciding: string[];
  /** Factor → how many times over its limit; 0 where that can't be said so. */
  exceeding: Record<string, number>;
  means: Record<string, { mean: number; hours: number }>;
}

export interface WaterMonth {
  /** YYYY-MM */
  month: string;
  sections: WaterSection[];
}

export interface Hotspot {
  id: number;
  properties: {
    at: string;
    station: string | null;
    label: string;
    unit: string;
    peak: number;
    bearing_deg: number;
    distance_m: number;
    near: { feature_id: string; name: string; distance_m: number }[];
  };
}

/** Before the first hour of a day is there, the day before it tells of the air. */
export function airDayOf(today: AirDay, before: () => Promise<AirDay>): Promise<AirDay> {
  return today.stations.some((station) => station.latest) || today.stations.length === 0 ? Promise.resolve(today) : before();
}

/** The day before, YYYY-MM-DD. */
export function dayBefore(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
}

/** Hours behind the means of a month: those of the factor that has fewest. */
export function hoursOf(section: WaterSection): number {
  const hours = Object.values(section.means).map((one) => one.hours);
  return hours.length ? Math.min(...hours) : 0;
}

const WINDS = ["北", "东北", "东", "东南", "南", "西南", "西", "西北"] as const;

/** A bearing as one of eight directions. */
export function direction(bearing_deg: number): string {
  return WINDS[Math.round((((bearing_deg % 360) + 360) % 360) / 45) % 8]!;
}
