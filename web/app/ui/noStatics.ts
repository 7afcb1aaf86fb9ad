// Stands in for `hoist-non-react-statics` under emotion, whose only use of it, withTheme, is not ours.
export default <T>(target: T): T => target;
