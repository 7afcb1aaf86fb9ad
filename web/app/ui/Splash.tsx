import { css, keyframes } from "@emotion/react";
import { Mark } from "./Mark";

const appear = keyframes`from { opacity: 0 } to { opacity: 1 }`;

/** Before the pages know who is there. Says nothing: it is gone in a moment. */
export function Splash() {
  return (
    <div css={css`display: grid; place-items: center; height: 100dvh; animation: ${appear} 300ms 200ms both;`}>
      <Mark size={56} />
    </div>
  );
}
