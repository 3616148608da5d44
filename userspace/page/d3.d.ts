// The page's one library, which comes before its modules.
declare const d3: any;
