export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];
export const contrasts = ["system", "more"] as const;
export type Contrast = (typeof contrasts)[number];

export interface Preferences {
  theme: Theme;
  contrast: Contrast;
}

export const defaults: Preferences = { theme: "system", contrast: "system" };
export const cookieOf = { theme: "parley_theme", contrast: "parley_contrast" } as const;

export function preferencesOfCookie(cookie: string): Preferences {
  const read = (name: string) => new RegExp(`(?:^|; )${name}=([^;]*)`).exec(cookie)?.[1];
  const theme = read(cookieOf.theme);
  const contrast = read(cookieOf.contrast);
  return {
    theme: themes.find((t) => t === theme) ?? defaults.theme,
    contrast: contrasts.find((c) => c === contrast) ?? defaults.contrast,
  };
}
