import { cookieOf } from "~/features/settings/preferences";
import { LANGUAGE_COOKIE } from "~/i18n/language";

/** Runs in the head before anything is painted: theme and language as chosen, so that nothing
 * flashes. A page in another language than its reader's waits, unseen, for the catalogue. */
export const bootScript = `(function(d,c){
function r(n){var m=c.match("(?:^|; )"+n+"=([^;]*)");return m&&m[1]}
var t=r("${cookieOf.theme}"),k=r("${cookieOf.contrast}"),l=r("${LANGUAGE_COOKIE}");
if(t)d.dataset.theme=t;if(k)d.dataset.contrast=k;
if(!l){l="en";for(var i=0,n=navigator.languages||[];i<n.length;i++){
if(/^zh\\b/i.test(n[i])){l="zh-Hant";break}if(/^en\\b/i.test(n[i]))break}}
d.dataset.lang=l;if(l!==d.dataset.rendered)d.dataset.wait="";
})(document.documentElement,document.cookie)`.replaceAll("\n", "");
