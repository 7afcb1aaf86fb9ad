export interface Me {
  id: string;
  name: string;
  email: string;
}

export interface ChannelRow {
  id: string;
  name: string;
  user_id: string;
  created_at: string;
}
