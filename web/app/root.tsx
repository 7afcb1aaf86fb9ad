import "./ui/tokens.css";
import { isRouteErrorResponse, Links, Meta, Outlet, Scripts } from "react-router";
import { useRender } from "./render";
import { I18nProvider } from "./i18n/I18n";
import { AnnouncerProvider } from "./ui/Announcer";
import { bootScript } from "./ui/boot";
import { Splash } from "./ui/Splash";
import { Trouble } from "./ui/Trouble";
import { ThemeColor } from "./features/settings/ThemeColor";

export function Layout({ children }: { children: React.ReactNode }) {
  const { lang, preferences, nonce } = useRender();
  return (
    <html
      lang={lang}
      data-rendered={lang}
      data-theme={preferences.theme === "system" ? undefined : preferences.theme}
      data-contrast={preferences.contrast === "system" ? undefined : preferences.contrast}
      suppressHydrationWarning
    >
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content" />
        <script nonce={nonce} suppressHydrationWarning dangerouslySetInnerHTML={{ __html: bootScript }} />
        <ThemeColor />
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        <link rel="apple-touch-icon" href="/icons/icon-192.png" />
        <link rel="manifest" href="/manifest.webmanifest" />
        <Meta />
        <Links />
      </head>
      <body>
        {children}
        <Scripts nonce={nonce} />
      </body>
    </html>
  );
}

export default function App() {
  return (
    <I18nProvider>
      <AnnouncerProvider>
        <Outlet />
      </AnnouncerProvider>
    </I18nProvider>
  );
}

export function HydrateFallback() {
  return <Splash />;
}

export function ErrorBoundary({ error }: { error: unknown }) {
  const notFound = isRouteErrorResponse(error) && error.status === 404;
  return (
    <I18nProvider>
      <Trouble kind={notFound ? "lost" : "broken"} />
    </I18nProvider>
  );
}
