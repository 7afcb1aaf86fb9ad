// The headers of a page, whoever serves it.
export const pageHeaders = ({ script, style }) => ({
  "Content-Security-Policy": [
    "default-src 'none'",
    `script-src 'self' ${script.join(" ")}`,
    `style-src 'self' ${style.join(" ")}`,
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "X-Content-Type-Options": "nosniff",
  // Not "no-referrer": forms without script would come with `Origin: null`.
  "Referrer-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
});
