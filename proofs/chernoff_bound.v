(* Theorem T4 (chernoff-bound), mean square.

   X_0, ..., X_{L-1} are i.i.d. tokens with law mu on any measurable space, w > 0
   a weight, f = (f_0, ..., f_{m-1}) a vector-valued function with E[w f] = 0,
   p_i = w(X_i) / sum_j w(X_j).  With Z = E w, rho = E w^2 / Z^2,
   A2 = E|w f|^2 / Z^2, F0 = E|f|^2, and every del with 1/L < del < 1, L >= 2:

     E|sum_i p_i f(X_i)|^2
        <= A2 / ((1-del)^2 L) + L F0 exp(-(del L - 1)^2 / (2 (L-1) rho)).

   chernoff_mean_square_scalar is the case m = 1; chernoff_mean_square the
   vector-valued theorem.  The left side is an extended-real integral. *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From AttentionBounds Require Import finite_sums self_normalised abstract_expectation independence chernoff_scalar.
From AttentionBounds Require Import real_bridges probability_measure.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

(* integral of a real function against a probability measure, as a real number *)
Lemma Pmean_sq d (T : measurableType d) (mu : {measure set T -> \bar RR}) (h : T -> RR) :
  Pmean mu (fun x => pow (h x) 2) = \int[mu]_x (h x ^+ 2).
Proof. by rewrite /Pmean /Rintegral; congr fine; apply: eq_integral => x _; rewrite -pow2E. Qed.

Lemma Pint_sq d (T : measurableType d) (mu : {measure set T -> \bar RR}) (h : T -> RR) :
  mu.-integrable setT (fun x => (h x ^+ 2)%:E) -> Pint mu (fun x => pow (h x) 2).
Proof. by apply: eq_integrable => // x _ /=; rewrite -pow2E. Qed.

(* the right side of T4, in both vocabularies *)
Lemma chernoff_valueE (L : nat) (delta rho V F0 : RR) : chernoff_value L delta rho V F0 =
  V / ((1 - delta) ^+ 2 * L%:R)
  + L%:R * F0 * rexp (- (delta * L%:R - 1) ^+ 2 / (2%:R * (L%:R - 1) * rho)).
Proof.
by rewrite /chernoff_value !RdivE' !RpowE RplusE !RmultE !RminusE RoppE INRE IZR2E.
Qed.

Section MeanSquare.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Hypothesis mu1 : mu setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law P mu L X.
Variables (w : T -> RR) (delta : RR).

Theorem chernoff_mean_square_scalar (f : T -> RR) :
  (2 <= L)%N -> 1 / L%:R < delta < 1 ->
  measurable_fun setT w -> measurable_fun setT f -> (forall x, 0 < w x) ->
  mu.-integrable setT (fun x => (w x ^+ 2)%:E) ->
  mu.-integrable setT (fun x => (f x ^+ 2)%:E) ->
  mu.-integrable setT (fun x => ((w x * f x) ^+ 2)%:E) ->
  \int[mu]_x (w x * f x) = 0 ->
  let Z := \int[mu]_x w x in
  let rho := tilted_rho mu w in
  let A2 := (\int[mu]_x ((w x * f x) ^+ 2)) / Z ^+ 2 in
  let F0 := \int[mu]_x (f x ^+ 2) in
  is_true (\int[P]_o ((weighted_mean L X w f o) ^+ 2)%:E <=
   (A2 / ((1 - delta) ^+ 2 * L%:R)
    + L%:R * F0 * rexp (- (delta * L%:R - 1) ^+ 2 / (2%:R * (L%:R - 1) * rho)))%:E)%E.
Proof.
move=> HL Hd mw mf w0 Iw2 If2 Iwf2 Ewf Z rho A2 F0.
have Iw : Pint mu w by exact: Pint_of_sq.
have Iwf : Pint mu (fun x => w x * f x).
  by apply: Pint_of_sq => //; exact: measurable_funM.
have mX i : (i < L)%N -> measurable_fun setT (X i) by case: (HX) => + _; apply.
have PR := iid_product_rule P1 mu1 HX.
pose EP := probability_expectation P1; pose Emu := probability_expectation mu1.
pose S o := self_normalised L (fun i => w (X i o)) (fun i => f (X i o)).
have SE o : S o = weighted_mean L X w f o by rewrite weighted_meanE.
have w0R x : Rlt 0 (w x) by apply/RltP.
have mS : measurable_fun setT (weighted_mean L X w f).
  by apply: measurable_weighted_mean => //; exact: ltnW.
have IS : Pint P (fun o => pow (S o) 2).
  pose B o := rsum L (fun i => pow (f (X i o)) 2).
  have IB : Pint P B.
    apply: (@Int_rsum _ EP L (fun i o => pow (f (X i o)) 2)) => i /ssrnat.ltP iL.
    by case: (@product_rule_single _ _ EP Emu X L PR (fun x => pow (f x) 2) i (elimT ssrnat.ltP iL) (Pint_sq If2)).
  apply: (@Pint_dominated _ _ P P1 0 _ B) => //.
    rewrite (_ : (fun o => _) = fun o => weighted_mean L X w f o ^+ 2); first exact: measurable_fun_sqr.
    by apply/funext => o; rewrite pow2E SE.
  move=> o; rewrite add0r ger0_norm; last by rewrite -/(pow (S o) 2) pow2E sqr_ge0.
  apply/RleP; apply: self_normalised_sq_le_sum => [|i _]; last exact: w0R.
  exact/ssrnat.ltP/ltnW.
have Hd' : Rlt (Rdiv 1 (INR L)) delta /\ Rlt delta 1.
  by case/andP: Hd => h1 h2; split; apply/RltP => //; rewrite RdivE' INRE.
have main := @mean_square_scalar _ _ EP Emu X L PR w w0R
  (elimT (RltP _ _) (Pmean_gt0 mu1 Iw w0)) Iw (Pint_sq Iw2) (Pint_laplace mu1 mw w0)
  f delta (elimT ssrnat.leP HL) Hd' (Pint_sq If2) (Pint_sq Iwf2) Iwf Ewf IS.
have -> : (\int[P]_o ((weighted_mean L X w f o) ^+ 2)%:E = (Pmean P (fun o => pow (S o) 2) : RR)%:E)%E.
  by rewrite -Pmean_integral//; apply: eq_integral => o _; rewrite pow2E SE.
rewrite lee_fin; move/RleP: main => main; apply: (le_trans main).
by rewrite chernoff_valueE -[Ex Emu]/(Pmean mu) !Pmean_sq !RdivE' !pow2E.
Qed.

Theorem chernoff_mean_square (m : nat) (f : 'I_m -> T -> RR) :
  (2 <= L)%N -> 1 / L%:R < delta < 1 ->
  measurable_fun setT w -> (forall k, measurable_fun setT (f k)) -> (forall x, 0 < w x) ->
  mu.-integrable setT (fun x => (w x ^+ 2)%:E) ->
  (forall k, mu.-integrable setT (fun x => (f k x ^+ 2)%:E)) ->
  (forall k, mu.-integrable setT (fun x => ((w x * f k x) ^+ 2)%:E)) ->
  (forall k, \int[mu]_x (w x * f k x) = 0) ->
  let Z := \int[mu]_x w x in
  let rho := tilted_rho mu w in
  let A2 := (\sum_(k < m) \int[mu]_x ((w x * f k x) ^+ 2)) / Z ^+ 2 in
  let F0 := \sum_(k < m) \int[mu]_x (f k x ^+ 2) in
  is_true (\int[P]_o (\sum_(k < m) (weighted_mean L X w (f k) o) ^+ 2)%:E <=
   (A2 / ((1 - delta) ^+ 2 * L%:R)
    + L%:R * F0 * rexp (- (delta * L%:R - 1) ^+ 2 / (2%:R * (L%:R - 1) * rho)))%:E)%E.
Proof.
move=> HL Hd mw mf w0 Iw2 If2 Iwf2 Ewf Z rho A2 F0.
have mX i : (i < L)%N -> measurable_fun setT (X i) by case: (HX) => + _; apply.
rewrite (eq_integral (fun o => (\sum_(k < m) ((weighted_mean L X w (f k) o) ^+ 2)%:E)%E)); last first.
  by move=> o _; rewrite sumEFin.
rewrite ge0_integral_sum//; last 2 first.
- move=> k; apply/EFin_measurable_fun/measurable_fun_sqr.
  by apply: measurable_weighted_mean => //; exact: ltnW.
- by move=> k o _; rewrite lee_fin sqr_ge0.
rewrite /A2 /F0 !mulr_suml mulr_sumr mulr_suml -big_split/= -sumEFin.
apply: lee_sum => k _.
exact: (chernoff_mean_square_scalar HL Hd mw (mf k) w0 Iw2 (If2 k) (Iwf2 k) (Ewf k)).
Qed.
End MeanSquare.
