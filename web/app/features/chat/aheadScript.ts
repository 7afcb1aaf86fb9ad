import { PAGE_ROWS } from "~/realtime/limits";
import { LAST_KEY } from "~/features/channels/last";

/** Runs in the head of the shell, before any of the program is there, on the way to a channel.
 *
 * - A channel that this browser has not shown before (else its messages are kept here) is asked
 *   for at once; its messages after the list, so that whatever the list counts is on the page.
 * - The first formatter of times reads the system's tables (30 ms of a quick processor). That is done
 *   while the scripts are still on the wire, not when the messages wait to be drawn. */
export const aheadScript = /* @__PURE__ */ `(function(w,m,k){
if(!m)return;
setTimeout(function(){new Intl.DateTimeFormat(navigator.language,{hour:"numeric",minute:"2-digit"}).format(0)});
try{k=localStorage.getItem("${LAST_KEY}")}catch(e){}
if(k===m[1])return;
function g(u){return fetch(u).then(function(r){return r.ok?r.text():""}).catch(function(){return""})}
var c=g("/api/user/channel");
w.parleyAhead={channelId:m[1],me:g("/api/me"),channels:c,page:c.then(function(t){
return t&&g("/api/message?channel_id="+m[1]+"&limit=${PAGE_ROWS}")})}
})(window,/^\\/c\\/([\\da-f-]{36})(\\/|$)/.exec(location.pathname))`.replaceAll("\n", "");
