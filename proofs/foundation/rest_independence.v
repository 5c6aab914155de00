(* A token is independent of every measurable function of the other tokens.

     rest_rectangles L X i   the events {X_j in A_j for all j < L, j <> i}
     rest_space L X i   the sample space with the sigma-algebra that they generate,
                        that of the tokens other than X_i
     to_rest            the identity map from the sample space to it
     rest_law           the image of P on it: the law of the other tokens
     rest_function i H  H is a real random variable measurable for it
     rest_independence  E[g(X_i) H] = E g E H for integrable g and such H

   The sets that satisfy the product formula agree on rectangles and hence
   on the sigma-algebra that these generate (uniqueness of measures).

   Resampling: replace one of several independent variables by a fresh copy.

     update i x y                the sequence y with x in place i
     measurable_functional L F   F(Y_0, Y_1, ...) is a measurable function for all
                                 measurable Y_0, ..., Y_{L-1} on any measurable space
     resample                    E F(X_0, ..., X_{L-1}) = E INT F(X_0, ..., x, ..., X_{L-1}) dmu(x),
                                 x in place i, for i.i.d. X_j with law mu and non-negative
                                 measurable F: Tonelli for the joint law of X_i and the others *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals Rstruct ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral.
From HB Require Import structures.
From AttentionBounds.foundation Require Import finite_sums abstract_expectation independence integration probability_measure.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section RestSpace.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (L : nat) (X : nat -> Om -> T) (i : nat).

Definition rest_rectangles : set (set Om) :=
  [set E | exists A : nat -> set T, (forall j, measurable (A j)) /\
     E = [set o | forall j, (j < L)%N -> j != i -> A j (X j o)]].

Definition rest_space := [the measurableType _ of salgebraType rest_rectangles].
Definition to_rest (o : Om) : rest_space := o.

Definition rest_function (H : Om -> R) : Prop :=
  measurable_fun (setT : set rest_space) (H : rest_space -> RR).

Lemma measurable_other j : (j < L)%N -> j != i ->
  measurable_fun (setT : set rest_space) (X j : rest_space -> T).
Proof.
move=> jL ji _ B mB; rewrite setTI; apply: sub_sigma_algebra.
exists (fun l => if l == j then B else setT); split; first by move=> l; case: ifP.
rewrite predeqE => o; split => [Bo l lL li|/(_ j jL ji)]; last by rewrite eqxx.
by case: eqP => [->|].
Qed.

Hypothesis mX : forall j, (j < L)%N -> measurable_fun setT (X j).

Lemma measurable_to_rest : measurable_fun setT to_rest.
Proof.
move=> _ E mE; rewrite setTI (_ : _ @^-1` E = E)//.
have : <<s rest_rectangles >> E by [].
apply: smallest_sub; first exact: sigma_algebra_measurable.
move=> _ [A [mA ->]].
rewrite (_ : [set o | _] = \bigcap_(j in [set j | (j < L)%N /\ j != i]) (X j @^-1` A j)).
  by apply: bigcap_measurable => j /= [jL _]; rewrite -[_ @^-1` _]setTI; exact: mX.
by rewrite predeqE => o; split => [h j [] /=|h j jL ji]; [exact: h|exact: (h j)].
Qed.

Lemma rest_rectangles_setI : setI_closed rest_rectangles.
Proof.
move=> _ _ [A [mA ->]] [B [mB ->]]; exists (fun j => A j `&` B j); split.
  by move=> j; exact: measurableI.
rewrite predeqE => o; split => [[hA hB] j jL ji|h]; first by split; [exact: hA|exact: hB].
by split=> j jL ji; case: (h j jL ji).
Qed.

Lemma rest_function_measurable H : rest_function H -> measurable_fun setT (H : Om -> RR).
Proof.
by move=> mH; apply: (@measurable_fun_comp _ _ _ _ _ _ (H : rest_space -> RR) _ to_rest) => //; exact: measurable_to_rest.
Qed.
End RestSpace.

Section RestIndependence.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Hypothesis mu1 : mu setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law P mu L X.
Variable i : nat.
Hypothesis iL : (i < L)%N.
Let mX := proj1 HX.
Let mrest := @measurable_to_rest _ _ _ _ L X i mX.

(* the law of the other tokens *)
Definition rest_law : {measure set (rest_space L X i) -> \bar RR} :=
  [the measure _ _ of pushforward P mrest].

Lemma rest_law_setT : rest_law setT = 1%E.
Proof. by rewrite -P1. Qed.

Lemma rest_event_independent (E : set (rest_space L X i)) (B : set T) :
  measurable E -> measurable B -> P ((E : set Om) `&` X i @^-1` B) = (mu B * P E)%E.
Proof.
move=> mE mB.
have mXB : measurable (X i @^-1` B) by rewrite -[_ @^-1` _]setTI; exact: (mX iL).
pose m1 := [the measure _ _ of pushforward [the measure _ _ of mrestr P mXB] mrest].
have muB0 : 0 <= fine (mu B) by exact/fine_ge0/measure_ge0.
pose m2 := [the measure _ _ of mscale (NngNum muB0) rest_law].
have m1E (A : set (rest_space L X i)) : m1 A = P ((A : set Om) `&` X i @^-1` B) by [].
have m2E (A : set (rest_space L X i)) : m2 A = (mu B * P (A : set Om))%E.
  by rewrite -[mu B]fineK// prob_fin_num.
rewrite -m1E -m2E.
apply: (@measure_unique _ RR (rest_space L X i) (rest_rectangles L X i) (fun=> setT) erefl _ _ _ m1 m2) => //.
- exact: rest_rectangles_setI.
- by move=> _; exists (fun=> setT); split => //; rewrite predeqE.
- by rewrite bigcup_const //; exists 0%N.
- move=> _ [A [mA ->]]; rewrite m1E m2E.
  case: HX => _ HA.
  pose I := Ordinal iL.
  pose A1 j := if j == i then B else A j.
  pose A2 j := if j == i then setT else A j.
  have -> : [set o | forall j, (j < L)%N -> j != i -> A j (X j o)] `&` X i @^-1` B =
     [set o | forall j, (j < L)%N -> A1 j (X j o)].
    rewrite predeqE => o; split => [[h Bo] j jL|h].
      by rewrite /A1; case: eqVneq => [->//|ji]; exact: h.
    split=> [j jL ji|]; first by have := h j jL; rewrite /A1 (negbTE ji).
    by have := h i iL; rewrite /A1 eqxx.
  have -> : [set o | forall j, (j < L)%N -> j != i -> A j (X j o)] =
     [set o | forall j, (j < L)%N -> A2 j (X j o)].
    rewrite predeqE => o; split => [h j jL|h j jL ji].
      by rewrite /A2; case: eqVneq => [//|ji]; exact: h.
    by have := h j jL; rewrite /A2 (negbTE ji).
  rewrite !HA; last 2 first.
  + by move=> j; rewrite /A2; case: ifP.
  + by move=> j; rewrite /A1; case: ifP.
  rewrite (bigD1 I)//= [in RHS](bigD1 I)//= /A1 /A2 !eqxx mu1 mul1e; congr (_ * _)%E.
  by apply: eq_bigr => j ji; rewrite (_ : (j : nat) == i = false)//; apply/negbTE; apply: contra ji => /eqP ji; apply/eqP/val_inj.
- move=> _; rewrite m1E setTI; apply: (@le_lt_trans _ _ (P setT)); last by rewrite P1 ltey.
  by apply: le_measure; rewrite ?inE.
Qed.

Lemma rest_integral_independent (g : T -> RR) (H : Om -> RR) :
  measurable_fun setT g -> (forall x, 0 <= g x) ->
  rest_function L X i H -> (forall o, 0 <= H o) -> Pint P H ->
  (\int[P]_o (H o * g (X i o))%:E = (fine (\int[P]_o (H o)%:E))%:E * \int[mu]_x (g x)%:E)%E.
Proof.
move=> mg g0 mH H0 IH.
have mH' : measurable_fun setT H by exact: (rest_function_measurable mX mH).
have finH := integral_fune_fin_num measurableT IH.
have muA A : measurable A -> mu A = (fine (mu A))%:E by move=> mA; rewrite fineK// prob_fin_num.
apply: (@weighted_pushforward _ _ _ _ _ P mu H (X i)) => //; first exact: mX.
- by apply/fine_ge0/integral_ge0 => o _; rewrite lee_fin.
- move=> A mA; rewrite fineK//.
  under eq_integral do rewrite mulrC.
  have mXA : measurable (X i @^-1` A) by rewrite -[_ @^-1` _]setTI; exact: (mX iL).
  have mI : measurable_fun setT (fun o => \1_A (X i o) : RR).
    by apply: (@measurable_fun_comp _ _ _ _ _ _ (\1_A : T -> RR) _ (X i)); [exact: measurable_fun_indic|exact: mX].
  have A0 (x : T) : 0 <= (\1_A x : RR) by rewrite indicE ler0n.
  have muA0 : 0 <= fine (mu A) by exact/fine_ge0/measure_ge0.
  have WP := @weighted_pushforward _ _ _ _ _ P rest_law (fun o => \1_A (X i o)) (@to_rest _ _ _ _ L X i) (fine (mu A)) mI (fun o => A0 (X i o)) mrest muA0.
  rewrite muleC (muA A mA) -(@integral_pushforward _ _ _ _ _ mrest RR P (EFin \o (H : rest_space L X i -> RR))) //; last first.
    exact/EFin_measurable_fun.
  apply: WP => // E mE.
  rewrite -muA// -rest_event_independent//.
  transitivity (\int[P]_o (\1_((E : set Om) `&` X i @^-1` A) o : RR)%:E)%E.
    apply: eq_integral => o _; congr EFin.
    by rewrite !indicE in_setI /to_rest mulrC; case: (o \in _) => /=; rewrite ?mul0r ?mul1r.
  rewrite integral_indic ?setIT//; apply: measurableI => //.
  by rewrite -[E]/(@to_rest _ _ _ _ L X i @^-1` E) -[_ @^-1` E]setTI; exact: mrest.
Qed.

Let EP := probability_expectation P1.
Let Emu := probability_expectation mu1.

Lemma rest_function_pos H : rest_function L X i H -> rest_function L X i (fun o => Rmax (H o) 0).
Proof.
move=> mH; rewrite /rest_function (_ : (fun o => _) = (H : rest_space L X i -> RR) \max cst (0 : RR)).
  by apply: measurable_fun_max => //; exact: measurable_fun_cst.
apply/funext => o /=; have RmaxE : Rmax (H o) 0 = Num.max (H o : RR) (0 : RR).
  rewrite /Rmax; case: Rle_dec => [/RleP h|/RleP h]; first by rewrite max_r.
  by rewrite max_l// ltW// ltNge.
by rewrite RmaxE.
Qed.

Lemma rest_function_neg H : rest_function L X i H ->
  rest_function L X i (fun o => Rminus (Rmax (H o) 0) (H o)).
Proof.
move=> mH; apply: (@measurable_funB _ _ RR setT (fun o : rest_space L X i => Rmax (H o) 0 : RR) H) => //.
exact: rest_function_pos.
Qed.

(* E[g(X_i) H] = E g E H *)
Theorem rest_independence (g : T -> R) (H : Om -> R) :
  Pint mu g -> rest_function L X i H -> Pint P H ->
  Pint P (fun o => Rmult (g (X i o)) (H o)) /\
  Pmean P (fun o => Rmult (g (X i o)) (H o)) = Rmult (Pmean mu g) (Pmean P H).
Proof.
move: g H; apply: (@signed_independence _ _ EP Emu (X i) (rest_function L X i)).
- exact: rest_function_pos.
- exact: rest_function_neg.
- move=> g H g0 H0 Ig mH IH.
  have g0' x : 0 <= (g x : RR) by exact/RleP.
  have H0' o : 0 <= (H o : RR) by exact/RleP.
  have mg : measurable_fun setT (g : T -> RR) by case: Ig => /EFin_measurable_fun.
  have finH := integral_fune_fin_num measurableT IH.
  have fing := integral_fune_fin_num measurableT Ig.
  have E : (\int[P]_o (Rmult (g (X i o)) (H o) : RR)%:E = (Rmult (Pmean mu g) (Pmean P H) : RR)%:E)%E.
    have -> : (Rmult (Pmean mu g) (Pmean P H) : RR)%:E =
        ((fine (\int[P]_o (H o : RR)%:E))%:E * \int[mu]_x (g x : RR)%:E)%E.
      by rewrite -[(\int[mu]_x _)%E]fineK// -EFinM mulrC.
    rewrite -rest_integral_independent//.
    by apply: eq_integral => o _; rewrite RmultE mulrC.
  split; last by rewrite /Ex /= {1}/Pmean E.
  split.
    apply/EFin_measurable_fun/(@measurable_funM _ _ RR setT (g \o X i) H).
      by apply: measurable_fun_comp => //; exact: mX.
    exact: (rest_function_measurable mX mH).
  rewrite (eq_integral (fun o => (Rmult (g (X i o)) (H o) : RR)%:E)) ?E ?ltey// => o _ /=.
  by rewrite ger0_norm// RmultE mulr_ge0.
Qed.
End RestIndependence.

(* the sequence y with x in place i *)
Definition update (T : Type) (i : nat) (x : T) (y : nat -> T) (m : nat) : T :=
  if m == i then x else y m.

Lemma update_same T i (y : nat -> T) : update i (y i) y = y.
Proof. by apply/funext => m; rewrite /update; case: eqP => [->|]. Qed.

Lemma update_update T i x z (y : nat -> T) : update i x (update i z y) = update i x y.
Proof. by apply/funext => m; rewrite /update; case: eqP. Qed.

Lemma update_at T i x (y : nat -> T) : update i x y i = x.
Proof. by rewrite /update eqxx. Qed.

Definition measurable_functional d' (T : measurableType d') (L : nat) (F : (nat -> T) -> RR) : Prop :=
  forall d (S : measurableType d) (Y : nat -> S -> T),
    (forall j, (j < L)%N -> measurable_fun setT (Y j)) ->
    measurable_fun setT (fun s => F (fun j => Y j s)).

Section Resampling.
Context d d' (Om : measurableType d) (T : measurableType d').
Variables (P : {measure set Om -> \bar RR}) (mu : {measure set T -> \bar RR}).
Hypothesis P1 : P setT = 1%E.
Hypothesis mu1 : mu setT = 1%E.
Variables (L : nat) (X : nat -> Om -> T).
Hypothesis HX : iid_with_law P mu L X.
Variable i : nat.
Hypothesis iL : (i < L)%N.
Let mX := proj1 HX.
Let mrest := @measurable_to_rest _ _ _ _ L X i mX.
Let Rest := rest_law HX i.

Let pair (o : Om) : [the measurableType _ of (T * rest_space L X i)%type] := (X i o, @to_rest _ _ _ _ L X i o).
Let mpair : measurable_fun setT pair.
Proof.
apply/prod_measurable_funP; split; first exact: (mX iL).
exact: mrest.
Qed.
Let joint := [the measure _ _ of pushforward P mpair].

Let Rest1 : Rest setT = 1%E. Proof. exact: P1. Qed.
Let sf_mu := probability_sigma_finite mu1.
Let sf_rest := probability_sigma_finite Rest1.

Let joint_product (A : set (T * rest_space L X i)) : measurable A ->
  product_measure1 mu sf_rest A = joint A.
Proof.
apply: (@product_measure_unique _ _ _ _ _ mu Rest sf_mu sf_rest joint) => B E mB mE.
rewrite -(@rest_event_independent _ _ _ _ _ _ P1 mu1 _ _ HX _ iL E B mE mB).
by rewrite /joint /= /pushforward; congr (P _); rewrite predeqE => o; split => [] [].
Qed.

Variable F : (nat -> T) -> RR.
Hypothesis mF : measurable_functional L F.
Hypothesis F0 : forall y, 0 <= F y.

Let f (z : T * rest_space L X i) : RR := F (update i z.1 (fun j => X j z.2)).
Let mf : measurable_fun setT f.
Proof.
apply: (mF (Y := fun j (z : T * rest_space L X i) => update i z.1 (fun j => X j z.2) j)) => j jL.
rewrite /update; case: eqVneq => ji; first exact: ((prod_measurable_funP id).1 (@measurable_fun_id _ _ _)).1.
apply: (@measurable_fun_comp _ _ _ _ _ _ (X j : rest_space L X i -> T) _ snd).
  exact: measurable_other.
exact: ((prod_measurable_funP id).1 (@measurable_fun_id _ _ _)).2.
Qed.

Theorem resample :
  (\int[P]_o (F (fun j => X j o))%:E = \int[P]_o \int[mu]_x (F (update i x (fun j => X j o)))%:E)%E.
Proof.
transitivity (\int[joint]_z (f z)%:E)%E.
  rewrite [RHS](@integral_pushforward _ _ _ _ pair mpair RR P (EFin \o f)); last 2 first.
  - exact/EFin_measurable_fun.
  - by move=> z; rewrite /= lee_fin; exact: F0.
  by apply: eq_integral => o _ /=; rewrite /f /= update_same.
transitivity (\int[product_measure1 mu sf_rest]_z (f z)%:E)%E.
  by apply: eq_measure_integral => A mA _; apply/esym; exact: joint_product.
rewrite (@fubini_tonelli2 _ _ _ _ _ mu Rest sf_mu sf_rest (EFin \o f))//; last 2 first.
- exact/EFin_measurable_fun.
- by move=> z; rewrite /= lee_fin; exact: F0.
have mG : measurable_fun setT (fun o : rest_space L X i => \int[mu]_x (EFin \o f) (x, o))%E.
  apply: (@measurable_fun_fubini_tonelli_G _ _ _ _ _ mu sf_mu (EFin \o f)) => //.
  - exact/EFin_measurable_fun.
  - by move=> z; rewrite /= lee_fin; exact: F0.
rewrite (@integral_pushforward _ _ _ _ _ mrest RR P _ mG)//.
by move=> o; apply: integral_ge0 => x _; rewrite /= lee_fin; exact: F0.
Qed.
End Resampling.
