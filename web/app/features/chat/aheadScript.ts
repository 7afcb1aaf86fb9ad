import { PAGE_ROWS } from "~/realtime/limits";
import { LAST_KEY } from "~/features/channels/last";

/** Runs in the head of the shell, before any of the program is there: a channel that this browser
 * has not shown before (else its messages are kept here) is asked for at once. The page of messages
 * is asked for after the list, so that whatever the list counts is on it or older. */
export const aheadScript = /* @__PURE__ */ `(function(w,m,k){
try{k=localStorage.getItem("${LAST_KEY}")}catch(e){}
if(!m||k===m[1])return;
function g(u){return fetch(u).then(function(r){return r.ok?r.text():""}).catch(function(){return""})}
var c=g("/api/user/channel");
w.parleyAhead={channelId:m[1],me:g("/api/me"),channels:c,page:c.then(function(t){
return t&&g("/api/message?channel_id="+m[1]+"&limit=${PAGE_ROWS}")})}
})(window,/^\\/c\\/([\\da-f-]{36})(\\/|$)/.exec(location.pathname))`.replaceAll("\n", "");
