//! The columns of an extract: their names, what else they are called, and what cannot be measured without them.

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name here.
    pub name: &'static str,
    /// Other names, in small letters and without blanks and signs.
    pub aliases: &'static [&'static str],
    /// What is not measured without it; empty for the columns that a file must have.
    pub without: &'static str,
}

impl Column {
    /// Whether a file must have it, or what can stand in its place.
    #[must_use]
    pub fn is_required(&self) -> bool {
        matches!(self.name, "order" | "order_date" | "ordered_quantity" | "ship_date")
    }
}

const fn column(name: &'static str, aliases: &'static [&'static str], without: &'static str) -> Column {
    Column { name, aliases, without }
}

/// All columns.
pub const COLUMNS: [Column; 20] = [
    column(
        "order",
        &["orderid", "orderno", "ordernumber", "orderref", "salesorder", "salesorderno", "invoiceno", "invoice"],
        "",
    ),
    column("line", &["lineid", "lineno", "linenumber", "orderline", "orderlineno", "position", "pos"], ""),
    column(
        "item",
        &[
            "itemid",
            "itemno",
            "itemcode",
            "itemnumber",
            "sku",
            "product",
            "productid",
            "productcode",
            "article",
            "articleno",
            "material",
            "stockcode",
            "part",
            "partno",
            "partnumber",
        ],
        "costs by item",
    ),
    column("item_name", &["itemname", "description", "itemdescription", "productname", "title"], ""),
    column(
        "customer",
        &["customerid", "customerno", "customernumber", "account", "accountno", "soldto", "client", "buyer"],
        "costs by customer",
    ),
    column(
        "order_date",
        &["orderdate", "orderedat", "ordertime", "invoicedate", "created", "createdat", "placed", "placedat"],
        "waits from the order, and ageing since it",
    ),
    column(
        "requested_date",
        &["requesteddate", "requestdate", "requireddate", "duedate", "needby", "needbydate", "wanteddate"],
        "lateness against the customers' own dates: it counts from the day of the order",
    ),
    column(
        "promised_date",
        &["promiseddate", "promisedate", "confirmeddate", "committeddate", "originalpromiseddate"],
        "ageing past the promise",
    ),
    column(
        "ordered_quantity",
        &[
            "ordered",
            "orderedquantity",
            "orderedqty",
            "orderquantity",
            "orderqty",
            "quantityordered",
            "qtyordered",
            "quantity",
            "qty",
        ],
        "",
    ),
    column(
        "shipped_quantity",
        &[
            "shipped",
            "shippedquantity",
            "shippedqty",
            "quantityshipped",
            "qtyshipped",
            "deliveredquantity",
            "deliveredqty",
        ],
        "partial shipments: each dated row ships its whole line",
    ),
    column(
        "ship_date",
        &["shipdate", "shippedat", "shippeddate", "dispatchdate", "despatchdate", "goodsissuedate", "actualshipdate"],
        "",
    ),
    column(
        "shipment",
        &[
            "shipmentid",
            "shipmentno",
            "shipmentnumber",
            "delivery",
            "deliveryno",
            "tracking",
            "trackingnumber",
            "packingslip",
        ],
        "shipments of one day apart: what an order ships on one day is one shipment",
    ),
    column(
        "cancelled_quantity",
        &[
            "cancelled",
            "canceled",
            "cancelledquantity",
            "canceledquantity",
            "cancelledqty",
            "canceledqty",
            "quantitycancelled",
            "qtycancelled",
        ],
        "cancellations and the sales that they lose: cancelled units look open",
    ),
    column(
        "cancel_date",
        &["canceldate", "cancelleddate", "canceleddate", "cancelledat", "canceledat"],
        "when units were cancelled: all cancelled ones are taken to have waited, their days do not count",
    ),
    column(
        "refused_quantity",
        &["refused", "refusedquantity", "refusedqty", "cutquantity", "cutqty", "lostquantity"],
        "refused demand",
    ),
    column(
        "unit_price",
        &["unitprice", "price", "netprice", "salesprice"],
        "the value of backorders, lost sales and penalties",
    ),
    column(
        "unit_cost",
        &["unitcost", "cost", "costprice", "standardcost"],
        "margins: they are assumed as a part of the price",
    ),
    column("freight", &["freightcost", "freightamount", "shippingcost"], "what shipments cost: it is assumed"),
    column("expedited", &["express", "rush", "isexpedited", "expeditedflag"], "expedited freight"),
    column("currency", &["currencycode"], ""),
];

/// The column that a header's name means; a name that means none is kept in small letters.
#[must_use]
pub fn named(header: &str) -> String {
    let plain = plain(header);
    let known = COLUMNS.iter().find(|column| self::plain(column.name) == plain || column.aliases.contains(&&*plain));
    known.map_or_else(|| header.to_lowercase(), |column| column.name.to_owned())
}

fn plain(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_without_regard_to_case_blanks_and_signs() {
        for header in ["Order No.", "order_no", "OrderNo", "ORDER", "invoice-no"] {
            assert_eq!(named(header), "order", "{header}");
        }
        assert_eq!((named("Qty"), named("Warehouse")), ("ordered_quantity".to_owned(), "warehouse".to_owned()));
    }

    #[test]
    fn no_name_means_two_columns() {
        let mut names: Vec<String> = COLUMNS.iter().map(|column| plain(column.name)).collect();
        names.extend(COLUMNS.iter().flat_map(|column| column.aliases).map(|alias| (*alias).to_owned()));
        names.sort();
        let all = names.len();
        // An alias may be the plain form of its own column's name.
        names.dedup();
        let own = COLUMNS.iter().filter(|column| column.aliases.contains(&&*plain(column.name))).count();
        assert_eq!(names.len(), all - own);
    }
}
