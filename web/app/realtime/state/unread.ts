/* How much is unread: the server's count at one position, and others' posts heard since. */
import { UNREAD_MAX } from "../limits.js";
import type { Channel, UnreadBasis } from "../types.js";

function counted(channel: Channel, readSeq: number, basis: UnreadBasis): Channel {
  const unread = Math.min(UNREAD_MAX, basis.count + basis.others.length);
  return { ...channel, readSeq, unread, unreadBasis: basis };
}

/** The server's word on where the reader is, as of its position `seq`. */
export function setUnread(channel: Channel, readSeq: number, count: number, seq: number): Channel {
  if (readSeq < channel.readSeq) {
    /* It was asked before we read on; what we know is newer. */
    return { ...channel, unreadBasis: { ...channel.unreadBasis, stale: false } };
  }
  const others = channel.unreadBasis.others.filter((s) => s > seq && s > readSeq);
  return counted(channel, readSeq, { count, seq, others, stale: false });
}

/** Another user's post was heard for the first time. */
export function hearOther(channel: Channel, seq: number): Channel {
  const basis = channel.unreadBasis;
  if (seq <= channel.readSeq || seq <= basis.seq || basis.others.includes(seq)) return channel;
  const others = [...basis.others, seq].sort((a, b) => a - b).slice(-UNREAD_MAX);
  return counted(channel, channel.readSeq, { ...basis, others });
}

/** Forward only. Within what the server had counted the rest is not known: `stale`. */
export function moveRead(channel: Channel, seq: number): Channel {
  if (seq <= channel.readSeq) return channel;
  const basis = channel.unreadBasis;
  const isPast = seq >= basis.seq;
  return counted(channel, seq, {
    count: isPast ? 0 : basis.count,
    seq: basis.seq,
    others: basis.others.filter((s) => s > seq),
    stale: !isPast && basis.count > 0,
  });
}
