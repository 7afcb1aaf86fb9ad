/** The product's mark: two speech bubbles that share a side. */
export function Mark({ size = 32 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path
        fill="var(--accent)"
        d="M4 8a5 5 0 0 1 5-5h9a5 5 0 0 1 5 5v5a5 5 0 0 1-5 5h-6.2L7 21.6a.9.9 0 0 1-1.5-.7v-4.1A5 5 0 0 1 4 13z"
      />
      <path
        fill="var(--accent)"
        opacity=".45"
        d="M25.2 10.2A5 5 0 0 1 28 14.7v4.8a5 5 0 0 1-1.6 3.7v3.9a.9.9 0 0 1-1.5.7l-3.8-3.3H14a5 5 0 0 1-4.4-2.6l2.9-2.2H18a7.2 7.2 0 0 0 7.2-7.2z"
      />
    </svg>
  );
}
